// genhash beside Debian's: the same words on the same command lines, and the same digests of the same answers.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls, type TLSSocket } from 'node:tls';
import { breadth, test } from '../support/breadth.js';
import { CLOSED_PORT } from '../support/closed-port.js';
import { noTools, probe } from '../support/probes.js';
import { root } from '../support/project.js';

const DEBIANS = '/usr/bin/genhash';
const OURS = join(root, 'bin/genhash');
const skip = probe('tools', existsSync(DEBIANS), `no ${DEBIANS} here`);

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (file: string, args: readonly string[]): Promise<Answer> =>
  new Promise((done) => {
    const child = execFile(file, args, { timeout: 180_000, encoding: 'latin1' }, (_, stdout, stderr) =>
      done({ status: child.exitCode, stdout, stderr: stderr.replaceAll(file, 'genhash') }),
    );
  });

/** What both answer; the response time is the only thing that may differ. */
async function both(...args: readonly string[]): Promise<Answer> {
  const [debians, ours] = [await run(DEBIANS, args), await run(OURS, args)];
  const timeless = (answer: Answer): Answer => ({ ...answer, stdout: answer.stdout.replace(/= \d+ usecs/, '= N usecs') });
  assert.deepEqual(timeless(ours), timeless(debians), args.join(' '));
  return debians;
}

const BODY = 'hello world\n';
const LONG = 'abcdefghij'.repeat(1000);
const head = (more = '', version = '1.0'): string => `HTTP/${version} 200 OK\r\n${more}\r\n`;

const PAGES: Readonly<Record<string, string>> = {
  '/plain': head('Content-Type: text/plain\r\n') + BODY,
  '/shorter': head('Content-Length: 5\r\n') + BODY,
  '/longer': head('Content-Length: 500\r\n') + BODY,
  '/chunked': `${head('Transfer-Encoding: chunked\r\n', '1.1')}6\r\nhello \r\n6\r\nworld\n\r\n0\r\n\r\n`,
  '/empty': head(),
  '/none': '',
  '/missing': 'HTTP/1.0 404 Not Found\r\n\r\nno\n',
  '/garbage': 'garbage\r\n',
  '/binary': `${head()}\u0000\u0001\u007f\u0080\u00ff`,
  '/long': head() + LONG,
};

/** Answers by path, and notes what was asked. */
function talk(socket: Socket | TLSSocket, asked: string[]): void {
  socket.on('error', () => {});
  socket.once('data', (bytes: Buffer) => {
    const request = bytes.toString('latin1');
    asked.push(request);
    const path = request.split(' ')[1] ?? '';
    if (path === '/silent') return;
    if (path === '/half') socket.write('HTTP/1.0 200');
    else if (path === '/reset') (socket as Socket).resetAndDestroy();
    else if (path === '/late') socket.write(head(), () => setTimeout(() => socket.end(BODY), 100));
    else socket.end(PAGES[path] ?? head() + BODY, 'latin1');
  });
}

async function serving<T>(server: Server, host: string, work: (port: string) => Promise<T>): Promise<T> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  await new Promise<void>((done) => server.listen(0, host, done));
  try {
    return await work(String((server.address() as AddressInfo).port));
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise((done) => server.close(done));
  }
}

breadth('the digest of each kind of answer, and what -v prints of it', { skip }, async () => {
  const asked: string[] = [];
  await serving(
    createServer((socket) => talk(socket, asked)),
    '127.0.0.1',
    async (port) => {
      for (const path of [...Object.keys(PAGES), '/late', '/reset']) {
        const { status } = await both('-s', '127.0.0.1', '-p', port, '-u', path);
        assert.equal(status, 0, path);
        if (path !== '/reset' && path !== '/late') await both('-v', '-s', '127.0.0.1', '-p', port, '-u', path);
      }
      const { stdout } = await both('-s', '127.0.0.1', '-p', port, '-u', '/long');
      assert.equal(stdout, `${createHash('md5').update(LONG).digest('hex')}\n`);
      assert.equal((await both('-s', '127.0.0.1', '-p', port, '-u', '/shorter')).stdout, '5d41402abc4b2a76b9719d911017c592\n');
      assert.equal((await both('-s', '127.0.0.1', '-p', port, '-u', '/none')).stderr, 'no data received from remote webserver\n');
      assert.equal((await both('-t', '1', '-s', '127.0.0.1', '-p', port, '-u', '/silent')).stdout, 'Timeout WEB read\n');
      // Longer: what this busy process sends must arrive before.
      assert.equal((await both('-t', '4', '-s', '127.0.0.1', '-p', port, '-u', '/half')).stdout, 'Timeout HTTP read\n');
    },
  );
  for (let at = 0; at < asked.length; at += 2) assert.equal(asked[at + 1], asked[at], 'the same request');
  assert.equal((await both('-s', '127.0.0.1', '-p', String(CLOSED_PORT), '-u', '/')).stdout, 'Connection failed\n');
});

test('the request: protocol, virtual host, IPv6', { skip }, async () => {
  const asked: string[] = [];
  const server = (): Server => createServer((socket) => talk(socket, asked));
  await serving(server(), '127.0.0.1', async (port) => {
    for (const more of [['-P', '1.0c'], ['-P', '1.1'], ['-V', 'www.example.com'], ['--use-virtualhost=x:8080', '--proto', '1.0'], []]) {
      await both('--server', '127.0.0.1', `--port=${port}`, '-u/plain', ...more);
    }
    await both('-p', port, '-u', '/one', '-s', '127.0.0.1/24', '-u', '/two');
  });
  await serving(server(), '::1', async (port) => void (await both('-s', '::1', '-p', port, '-u', '/plain')));
  assert.equal(asked.length, 14);
  for (let at = 0; at < asked.length; at += 2) assert.equal(asked[at + 1], asked[at], 'the same request');
  assert.match(asked.at(-1) ?? '', /\r\nHost: \[::1\]:\d+\r\n/);
  assert.match(asked[10] ?? '', /^GET \/two /);
});

breadth('SSL, with and without SNI, and a server that speaks no TLS', { skip: skip || noTools('openssl') }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-genhash-'));
  try {
    const [keyFile, certFile] = [join(folder, 'key'), join(folder, 'cert')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=x', '-days', '2'];
    execFileSync('openssl', [...request, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
    const names: unknown[] = [];
    const server = createTls({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, (socket) => {
      names.push(socket.servername);
      talk(socket, []);
    });
    await serving(server, '127.0.0.1', async (port) => {
      for (const path of ['/plain', '/long', '/empty']) await both('-S', '-s', '127.0.0.1', '-p', port, '-u', path);
      await both('-v', '-S', '-s', '127.0.0.1', '-p', port, '-u', '/plain');
      names.length = 0;
      await both('-S', '-I', '-V', 'www.example.com', '-s', '127.0.0.1', '-p', port, '-u', '/plain');
      await both('-S', '-V', 'www.example.com', '-s', '127.0.0.1', '-p', port, '-u', '/plain');
      assert.deepEqual(names, ['www.example.com', 'www.example.com', false, false]);
    });
    await serving(
      createServer((socket) => talk(socket, [])),
      '127.0.0.1',
      async (port) => {
        const { stdout } = await both('-S', '-s', '127.0.0.1', '-p', port, '-u', '/plain');
        assert.equal(stdout, 'SSL handshake/communication error connecting to\n');
      },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const REFUSED: readonly (readonly string[])[] = [
  [],
  ['-h'],
  ['-z'],
  ['-s', '127.0.0.1'],
  ['-s', '127.0.0.1', '-p', '80'],
  ['--bogus', 'x', 'y'],
  ['-z', 'x', 'y'],
  ['-vvSz', '-h', '-y', '-s', '127.0.0.1'],
  ['-s', 'localhost', '-p', '80', '-u', '/'],
  ['-z', '-s', '1', '-p'],
  ['-s', 'fe80::1%lo', '-p', '80', '-u', '/'],
  ['-s', '::1', '-p', 'x', '-u', '/'],
  ['-s', '::1', '-p', '70000', '-u', '/'],
  ['-s', '::1', '-p', '0', '-u', '/'],
  ['-s', '::1', '-p', '80 ', '-u', '/'],
  ['-s', '::1', '-p', '', '-u', '/'],
  ['-s', '::1', '-p', '80', '-u', '/', 'extra', 'words'],
  ['-s', '::1', '--', '-p', '80'],
  ['-s', '::1', '-p', '80', '-u', '/', '-P', '2'],
  ['-s', '::1', '-p', '80', '-u', '/', '-m', 'x'],
  ['-s', '::1', '-p', '80', '-u', '/', '-m', '-1'],
  ['-s', '::1', '-p', '80', '-u', '/', '-m', '0x10'],
  ['-s', '::1', '-p', '80', '-u', '/', '-t', ' x'],
  ['-s', '::1', '-p', '80', '-u', '/', '-t', ''],
  ['-s', '::1', '-p', '80', '-u'],
  ['-s', '::1', '-p', '80', '--use', 'x'],
  ['--verbose=3', 'x', 'y'],
  ['-H', 'MD5', 'x'],
];

breadth('what is no command line: the same texts, status 1', { skip }, async () => {
  for (const args of REFUSED) {
    const { status, stderr } = await both(...args);
    assert.equal(status, 1, args.join(' '));
    assert.match(stderr, /Usage: genhash COMMAND/);
  }
  // keepalived 2.2.7 crashes here.
  const ours = await run(OURS, ['--server', '127.0.0.1', '--port']);
  assert.match(ours.stderr, /^Missing parameter for option --port\nUsage: /);
  assert.equal(ours.status, 1);
});

test('keepalived --genhash is genhash', { skip }, async () => {
  await serving(
    createServer((socket) => talk(socket, [])),
    '127.0.0.1',
    async (port) => {
      for (const args of [
        ['-T', '-s', '127.0.0.1', '-p', port, '-u', '/plain'],
        ['-Ts', '127.0.0.1', '-p', port, '-u', '/plain'],
        ['-l', '--genhash', '-s', '127.0.0.1', '-p', port, '-u', '/plain'],
        ['--genhash', '-z'],
        ['--genhash'],
      ]) {
        const debians = await run('/usr/sbin/keepalived', args);
        assert.deepEqual(await run(join(root, 'bin/keepalived'), args), debians, args.join(' '));
      }
    },
  );
});

test('answers that never end are bounded: a head of 64 KB, a body of 64 MB, and what drips', async () => {
  const flood = (begin: string, piece: Buffer): Server =>
    createServer((socket) => {
      socket.on('error', () => {});
      socket.write(begin);
      const pour = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on('drain', pour);
      pour();
    });
  const cases = [
    { server: flood('HTTP/1.0 200 OK\r\nX: ', Buffer.alloc(16 * 1024, 'x')), text: 'HTTP header too long from\n' },
    { server: flood(head(), Buffer.alloc(1024 * 1024, 'x')), text: 'HTTP body too long from\n' },
  ];
  for (const { server, text } of cases) {
    await serving(server, '127.0.0.1', async (port) =>
      assert.deepEqual(await run(OURS, ['-s', '127.0.0.1', '-p', port, '-u', '/']), { status: 0, stdout: text, stderr: '' }),
    );
  }
});
