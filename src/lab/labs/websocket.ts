// Chats by WebSocket through weir proxy, which survive other weights, a server that is taken out, a reload and an exchange of the proxy's processes. Every
// message is counted.
import type { Lab, LabHost, Step, WaitStep } from '../definition/lab.js';
import { described, run } from './steps.js';

const VIP = '192.168.88.5';
const addressOf = (web: number): string => `192.168.99.${10 + web}`;
const CHATS = 12;

/** Answers each text (of less than 126 bytes) with its own name and the text. */
const SERVER = `import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
const [, , name] = process.argv;
const server = createServer((request, response) => response.end(name + '\\n'));
server.on('upgrade', ({ headers }, socket, first) => {
  const key = createHash('sha1').update(headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + key + '\\r\\n\\r\\n');
  let held = first;
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 6 && held.length >= 6 + (held[1] & 127)) {
      const length = held[1] & 127;
      const [mask, data] = [held.subarray(2, 6), held.subarray(6, 6 + length)];
      const text = Buffer.from(name + ' ' + Buffer.from(data.map((byte, at) => byte ^ mask[at & 3])));
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
      held = held.subarray(6 + length);
    }
  });
});
server.listen(80);
`;

/** Chats until the file \`stop\` is there: a message each 100 ms, whose answer must come from the server that answered first. */
const CLIENT = `import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
const [, , host, chats] = process.argv;
const [EVERY_MS, LATE_MS] = [100, 3000];
let [open, sent, answered, wrong, cut] = [0, 0, 0, 0, 0];
const servers = new Map();
function chat(number) {
  const asked = request({ host, headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': randomBytes(16).toString('base64') } });
  asked.on('error', () => cut++);
  asked.on('response', () => cut++);
  asked.on('upgrade', (response, socket, first) => {
    open++;
    let [next, wanted, held, name] = [0, 0, first, undefined];
    const send = () => {
      if (existsSync('stop')) return;
      const [mask, text] = [randomBytes(4), Buffer.from(number + ':' + next++)];
      sent++;
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), mask, text.map((byte, at) => byte ^ mask[at & 3])]));
    };
    const timer = setInterval(send, EVERY_MS);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      if (!finished) cut++;
    });
    socket.on('data', (bytes) => {
      held = Buffer.concat([held, bytes]);
      while (held.length >= 2 && held.length >= 2 + held[1]) {
        const [from, text] = held.subarray(2, 2 + held[1]).toString().split(' ');
        name ??= from;
        if (from !== name || text !== number + ':' + wanted++) wrong++;
        answered++;
        held = held.subarray(2 + (held[1] & 127));
      }
      servers.set(number, name);
    });
  });
  asked.end();
}
let finished = false;
for (let number = 0; number < chats; number++) chat(number);
setInterval(() => {
  const tally = {};
  for (const name of servers.values()) tally[name] = (tally[name] ?? 0) + 1;
  const found = { open, cut, wrong, sent, answered, lost: sent - answered, servers: tally };
  writeFileSync('chats.json', JSON.stringify(found));
  if (!existsSync('stop') || finished) return;
  setTimeout(() => {
    finished = true;
    writeFileSync('chats.json', JSON.stringify({ ...found, sent, answered, lost: sent - answered, cut, wrong, ended: true }));
    process.exit(0);
  }, LATE_MS);
}, 200);
`;

/** \`weights\`: of the two servers; 0: it is taken out. */
function configuration(...weights: readonly number[]): string {
  const servers = weights.map((weight, index) => {
    const address = `"${addressOf(index + 1)}:80"`;
    return weight === 0 ? `{ address: ${address}, down: true }` : `{ address: ${address}, weight: ${weight} }`;
  });
  return `layer7:
  listeners: { web: "${VIP}:80" }
  pools: { chat: { servers: [${servers.join(', ')}] } }
  hosts: [{ locations: [{ location: /, pool: chat }] }]
`;
}

const web = (number: number): LabHost => ({
  interfaces: { eth0: { switch: 'back', addresses: [`${addressOf(number)}/24`] } },
  files: { 'server.mjs': SERVER },
});

const counts = (...matches: readonly string[]): WaitStep => ({
  kind: 'wait',
  on: 'client1',
  command: 'cat chats.json',
  seconds: 20,
  expect: { matches },
});
/** All go on, with answers of the last two seconds. */
const goOn = (say: string): readonly Step[] => [
  described(say, run('client1', `sed -n 's/.*"answered":\\([0-9]*\\).*/\\1/p' chats.json >before; sleep 2`)),
  run('client1', 'test $(sed -n \'s/.*"answered":\\([0-9]*\\).*/\\1/p\' chats.json) -gt $(($(cat before) + 100)) && cat chats.json', {
    contains: [`"open":${CHATS},"cut":0,"wrong":0`],
  }),
];
const follows = (file: string): readonly Step[] => [
  run('lvs1', `cp ${file} weir.yaml; : >proxy.log; kill -HUP $(cat proxy.pid)`),
  { kind: 'wait', on: 'lvs1', command: 'cat proxy.log', seconds: 20, expect: { contains: ['the new configuration is in effect'] } },
];
const ALL = 8;
const served = (tally: Readonly<Record<string, number>>): Step => ({
  kind: 'run',
  on: 'client1',
  command: `curl -s http://${VIP}/`,
  times: ALL,
  expect: { tally },
});

const steps: readonly Step[] = [
  ...[1, 2].map((number) => run(`web${number}`, `node server.mjs web${number} >server.log 2>&1 & echo $! >server.pid`)),
  run('lvs1', 'weir proxy --config weir.yaml --workers 1 --drain 300 >>proxy.log 2>&1 & echo $! >proxy.pid'),
  {
    kind: 'wait',
    on: 'client1',
    command: `curl -s http://${VIP}/`,
    seconds: 20,
    expect: { contains: ['web'] },
  },
  described(
    `${CHATS} chats begin, on both servers.`,
    run('client1', `node chats.mjs ${VIP} ${CHATS} >chats.log 2>&1 & echo $! >chats.pid`),
  ),
  counts(`"open":${CHATS},.*"web1":${CHATS / 2}`, `"web2":${CHATS / 2}`),

  described('web1 gets three times the requests of web2: new ones follow, chats stay where they are.', run('lvs1', 'true')),
  ...follows('weights.yaml'),
  served({ web1: 6, web2: 2 }),
  ...goOn('All chats go on.'),

  described('web2 is taken out: it gets no request any more, and keeps its chats.', run('lvs1', 'true')),
  ...follows('out.yaml'),
  served({ web1: ALL }),
  ...goOn('All chats go on.'),
  counts(`"web2":${CHATS / 2}`),

  described(
    'A file with a fault changes nothing.',
    run('lvs1', 'echo "  nothing: 1" >>weir.yaml; : >proxy.log; kill -HUP $(cat proxy.pid)'),
  ),
  {
    kind: 'wait',
    on: 'lvs1',
    command: 'cat proxy.log',
    seconds: 20,
    expect: { contains: ['the configuration of before stays in effect'] },
  },
  served({ web1: ALL }),

  described('The processes of the proxy are exchanged, as by an upgrade: the old ones drain.', run('lvs1', 'kill -USR2 $(cat proxy.pid)')),
  { kind: 'wait', on: 'lvs1', command: 'cat proxy.log', seconds: 20, expect: { contains: ['new processes serve; the old ones drain'] } },
  served({ web1: ALL }),
  ...goOn('All chats go on in the old one.'),
  run('lvs1', 'pgrep -cP $(cat proxy.pid)', { answers: ['2'] }),

  described('The chats end: every message was answered, in order, by the server that the chat began with.', run('client1', 'touch stop')),
  counts('"ended":true'),
  run('client1', 'cat chats.json', { contains: [`"open":${CHATS},"cut":0,"wrong":0`, '"lost":0'] }),
  described('With the last of its connections the old process ends.', {
    kind: 'wait',
    on: 'lvs1',
    command: 'pgrep -cP $(cat proxy.pid)',
    seconds: 20,
    expect: { answers: ['1'] },
  }),
  run('lvs1', 'kill $(cat proxy.pid)'),
  ...[1, 2].map((number) => run(`web${number}`, 'kill $(cat server.pid)')),
];

export const websocket: Lab = {
  name: 'websocket',
  title: 'chats by WebSocket that survive other weights, a server taken out, a reload and a drain',
  switches: ['front', 'back'],
  hosts: {
    client1: {
      interfaces: { eth0: { switch: 'front', addresses: ['192.168.88.10/24'] } },
      files: { 'chats.mjs': CLIENT },
    },
    lvs1: {
      interfaces: {
        eth0: { switch: 'front', addresses: [`${VIP}/24`] },
        eth1: { switch: 'back', addresses: ['192.168.99.5/24'] },
      },
      files: { 'weir.yaml': configuration(1, 1), 'weights.yaml': configuration(3, 1), 'out.yaml': configuration(3, 0) },
    },
    web1: web(1),
    web2: web(2),
  },
  capture: false,
  needs: ['curl', 'node'],
  steps,
};
