// Each send may find its connection broken, and ends what goes on within the call: whatever follows it must do without.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BedOptions, type MemorySocket, ProxyBed } from '../../../test/support/proxy-bed.js';
import { defaultProxying } from '../../model/layer7/defaults.js';
import type { Action } from '../../model/layer7/route.js';
import { templateOf } from '../../model/layer7/template.js';

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const POST = 'POST /b HTTP/1.1\r\nHost: h\r\n';
const LARGE = 'x'.repeat(300_000);

/** Steps of a client, `>`, and of the server that has a connection, `<`: bytes that it sends; `end`: it sends no more. */
type Step = readonly ['>' | '<', string | 'end'];

interface Scenario extends BedOptions {
  readonly name: string;
  readonly steps: readonly Step[];
}

const text: Action = { kind: 'status', status: 200, body: templateOf('hello') };
const redirect: Action = { kind: 'redirect', status: 302, location: templateOf('/to') };
const retry = { ...defaultProxying.retry, on: ['error', 'timeout', 'http_503', 'invalid_header', 'non_idempotent'] } as const;

const scenarios: readonly Scenario[] = [
  {
    name: 'a length',
    steps: [
      ['>', GET],
      ['<', OK],
      ['>', GET],
      ['<', OK],
    ],
  },
  {
    name: 'a large answer',
    steps: [
      ['>', GET],
      ['<', `HTTP/1.1 200 OK\r\nContent-Length: ${LARGE.length}\r\n\r\n`],
      ['<', LARGE],
    ],
  },
  {
    name: 'chunks',
    steps: [
      ['>', GET],
      ['<', `${CHUNKED}3\r\nabc\r\n`],
      ['<', '1\r\nd\r\n0\r\nT: u\r\n\r\n'],
      ['>', GET],
      ['<', OK],
    ],
  },
  {
    name: 'until the end',
    steps: [
      ['>', GET],
      ['<', 'HTTP/1.1 200 OK\r\n\r\nhello'],
      ['<', 'end'],
      ['>', GET],
      ['<', OK],
    ],
  },
  {
    name: 'until the end, at once',
    steps: [
      ['>', GET],
      ['<', 'HTTP/1.1 200 OK\r\n\r\n'],
      ['<', 'end'],
    ],
  },
  {
    name: 'HTTP/1.0',
    steps: [
      ['>', 'GET / HTTP/1.0\r\n\r\n'],
      ['<', `${CHUNKED}3\r\nabc\r\n0\r\n\r\n`],
    ],
  },
  {
    name: 'cut within',
    steps: [
      ['>', GET],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'],
      ['<', 'end'],
    ],
  },
  {
    name: 'pipelined',
    steps: [
      ['>', GET.repeat(3)],
      ['<', OK],
      ['<', OK],
      ['<', OK],
      ['>', 'end'],
    ],
  },
  {
    name: 'interim',
    steps: [
      ['>', GET],
      ['<', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
      ['<', `HTTP/1.1 103 Early Hints\r\n\r\n${OK}`],
    ],
  },
  {
    name: 'continue',
    steps: [
      ['>', `${POST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`],
      ['<', CONTINUE],
      ['>', 'hi'],
      ['<', OK],
    ],
  },
  {
    name: 'a body with its head',
    steps: [
      ['>', `${POST}Content-Length: 2\r\n\r\nhi`],
      ['<', OK],
    ],
  },
  {
    name: 'a body behind its head',
    steps: [
      ['>', `${POST}Content-Length: 4\r\n\r\nhi`],
      ['>', 'ho'],
      ['<', OK],
    ],
  },
  {
    name: 'a streamed body, and the answer before its end',
    proxying: { bufferRequest: false },
    steps: [
      ['>', `${POST}Content-Length: 6\r\n\r\nhi`],
      ['>', 'ho'],
      ['<', OK],
      ['>', 'he'],
      ['>', GET],
    ],
  },
  {
    name: 'a large body',
    steps: [
      ['>', `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${LARGE.length}\r\n\r\n`],
      ['>', LARGE],
      ['<', OK],
    ],
  },
  {
    name: 'a body in chunks',
    steps: [
      ['>', `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n`],
      ['>', `2\r\nho\r\n0\r\nT: u\r\n\r\n${GET}`],
      ['<', OK],
      ['<', OK],
    ],
  },
  {
    name: 'a wrong chunk',
    steps: [
      ['>', `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n`],
      ['>', 'zz\r\n'],
      ['<', OK],
    ],
  },
  {
    name: 'a wrong chunk of the answer',
    steps: [
      ['>', GET],
      ['<', `${CHUNKED}2\r\nhi\r\n`],
      ['<', 'zz\r\n'],
    ],
  },
  {
    name: 'a tunnel',
    steps: [
      ['>', `${UPGRADE}ahead`],
      ['<', `${SWITCH}hello`],
      ['>', 'to'],
      ['<', 'fro'],
      ['>', 'end'],
      ['<', 'end'],
    ],
  },
  {
    name: 'a tunnel that the server ends',
    steps: [
      ['>', UPGRADE],
      ['>', 'end'],
      ['<', SWITCH],
      ['<', 'fro'],
      ['<', 'end'],
    ],
  },
  {
    name: 'no tunnel',
    steps: [
      ['>', UPGRADE + GET],
      ['<', OK],
      ['<', OK],
    ],
  },
  {
    name: 'PROXY headers',
    pool: { sendProxy: 'v1', keepAlive: { ...new ProxyBed().model.pools[0]!.keepAlive, connections: 0 } },
    steps: [
      ['>', GET],
      ['<', OK],
      ['>', `${POST}Content-Length: 2\r\n\r\nhi`],
      ['<', OK],
    ],
  },
  {
    name: 'a pool that is not shared',
    pool: { keepAlive: { ...new ProxyBed().model.pools[0]!.keepAlive, reuse: 'client' } },
    steps: [
      ['>', GET],
      ['<', OK],
      ['>', GET],
      ['<', OK],
    ],
  },
  {
    name: 'the next server',
    proxying: { retry },
    steps: [
      ['>', GET],
      ['<', 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'],
      ['<', OK],
      ['>', GET],
      ['<', 'no answer\r\n\r\n'],
      ['<', OK],
    ],
  },
  {
    name: 'no server',
    servers: 0,
    steps: [
      ['>', GET],
      ['>', GET.repeat(2)],
    ],
  },
  {
    name: 'an answer of its own',
    action: text,
    steps: [
      ['>', GET.repeat(2)],
      ['>', `${POST}Content-Length: 2\r\n\r\n`],
      ['>', 'hi'],
    ],
  },
  {
    name: 'a redirect',
    action: redirect,
    steps: [
      ['>', GET],
      ['>', 'GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['>', 'end'],
    ],
  },
  {
    name: 'refused',
    steps: [
      ['>', `GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n${GET}`],
      ['>', 'GET / HTTP/3\r\n\r\n'],
      ['<', OK],
    ],
  },
  {
    name: 'too large',
    proxying: { bodyMaxBytes: 2 },
    steps: [
      ['>', `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n`],
      ['>', '1\r\nh\r\n'],
    ],
  },
];

const faults: Readonly<Record<string, (socket: MemorySocket) => void>> = {
  'is a reset': (socket) => {
    socket.broken = true;
  },
  'takes one byte, and then comes a reset': (socket) => {
    socket.room = 1;
    socket.breaksBehindRoom = true;
  },
  'takes nothing any more': (socket) => {
    socket.room = 0;
  },
};

/** Runs it, with the fault at the `at`th send; how many sends there were. @throws Error where something is left */
function run({ steps, ...options }: Scenario, at: number, fault: (socket: MemorySocket) => void): number {
  const bed = new ProxyBed(options);
  const { edge, machine } = bed;
  edge.onSend = (socket) => {
    if (edge.sends === at) fault(socket);
  };
  const client = bed.client();
  for (const [side, bytes] of steps) {
    const socket = side === '>' ? client : bed.servers.findLast(({ isClosed }) => !isClosed);
    if (socket === undefined || socket.isClosed) continue;
    if (bytes === 'end') bed.end(socket);
    else bed.feed(socket, bytes);
  }
  const { sends } = edge;
  // the longest time is that of a tunnel
  for (let count = 0; count < 5; count++) bed.wait(3601);
  const left = {
    open: edge.sockets.filter(({ isClosed }) => !isClosed).length,
    streams: machine.streams.filter((stream) => stream !== undefined).length,
    clients: machine.clients,
    idleClients: machine.idleClients.size,
    idle: machine.idle.size,
    underWay: bed.model.pools[0]!.servers.reduce((sum, _, index) => sum + bed.router.chooser('p')!.conns(index), 0),
  };
  assert.deepEqual(left, { open: 0, streams: 0, clients: 0, idleClients: 0, idle: 0, underWay: 0 });
  return sends;
}

for (const [what, fault] of Object.entries(faults)) {
  test(`nothing fails and nothing is left where any send ${what}`, () => {
    const failed: string[] = [];
    for (const scenario of scenarios) {
      const sends = run(scenario, 0, fault);
      assert.ok(sends > 0);
      for (let at = 1; at <= sends; at++) {
        try {
          run(scenario, at, fault);
        } catch (error) {
          failed.push(`${scenario.name}, send ${at} of ${sends}: ${error}`);
        }
      }
    }
    assert.deepEqual(failed, []);
  });
}
