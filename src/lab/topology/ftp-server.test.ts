import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { ftpServer } from './ftp-server.js';

/** The server's own address: its data connections come from the port before its own, which connections that have just ended hold at 127.0.0.1. */
const HOST = '127.0.0.21';
const served: string[] = [];
let server = ftpServer({ host: 'ftp1', body: 'Welcome to FTP1', served: (client) => served.push(client) });
let control: Socket;
let came = '';

beforeEach(async () => {
  served.length = 0;
  came = '';
  server = ftpServer({ host: 'ftp1', body: 'Welcome to FTP1', served: (client) => served.push(client) });
  server.listen(0, HOST);
  await once(server, 'listening');
  control = connect((server.address() as AddressInfo).port, HOST);
  control.setEncoding('latin1').on('data', (text: string) => {
    came += text;
  });
});
afterEach(() => {
  control.destroy();
  server.close();
});

/** Sends a command, and waits for an answer that matches. */
async function ask(command: string, answer: RegExp): Promise<RegExpExecArray> {
  if (command !== '') control.write(`${command}\r\n`);
  for (;;) {
    const found = answer.exec(came);
    if (found !== null) return found;
    await once(control, 'data');
  }
}

async function all(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  await once(socket, 'end');
  socket.end();
  return text;
}

test('a file by a passive connection, at the address that the client has reached', async () => {
  await ask('', /^220 Welcome to FTP1\r\n/);
  const [, numbers = ''] = await ask('PASV', /227 Entering Passive Mode \(([\d,]+)\)\r\n/);
  const [a, b, c, d, high, low] = numbers.split(',').map(Number);
  assert.equal(`${a}.${b}.${c}.${d}`, HOST);
  const data = connect((high ?? 0) * 256 + (low ?? 0), HOST);
  control.write('RETR welcome.txt\r\n');
  assert.equal(await all(data), 'Welcome to FTP1\n');
  await ask('', /226 done\r\n/);
  assert.deepEqual(served, ['127.0.0.1']);
});

test('a list by an extended active connection; another host’s address is refused', async () => {
  await ask('EPRT |1|127.0.0.2|5000|', /501 not your address\r\n/);
  await ask('LIST', /425 PASV or PORT first\r\n/);
  const client = createServer();
  client.listen(0, '127.0.0.1');
  await once(client, 'listening');
  try {
    const connection = once(client, 'connection');
    await ask(`EPRT |1|127.0.0.1|${(client.address() as AddressInfo).port}|`, /200 OK\r\n/);
    control.write('NLST\r\n');
    // From the port before its own, which only root may use where that is 20.
    const refused = ask('', /425 no data connection\r\n/).then(([answer]) => assert.fail(answer));
    const [data] = (await Promise.race([connection, refused])) as [Socket];
    assert.equal(data.remotePort, (server.address() as AddressInfo).port - 1);
    assert.equal(await all(data), 'welcome.txt\r\n');
    await ask('', /226 done\r\n/);
  } finally {
    client.close();
  }
});

test('a port that is none, and a data connection that is refused', async () => {
  await ask('PORT 127,0,0,1,300,1', /501 not your address\r\n/);
  await ask('PORT 127,0,0,1,0,1', /200 OK\r\n/);
  await ask('RETR welcome.txt', /425 no data connection\r\n/);
  await ask('QUIT', /221 goodbye\r\n/);
  assert.deepEqual(served, []);
});
