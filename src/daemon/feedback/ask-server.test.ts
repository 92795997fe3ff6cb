import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import type { ReadReport } from '../../model/feedback/load-report.js';
import { LOAD_SOURCES, type LoadSourceKind } from '../../model/feedback/load-source.js';
import { ServerQuestions } from './ask-server.js';

const TIMEOUT_MS = 300;

/** A server that treats each connection so, while `work` runs. */
async function withServer<T>(treat: (socket: Socket) => void, work: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    treat(socket);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  try {
    return await work(typeof address === 'object' && address !== null ? address.port : 0);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const questions = (kind: LoadSourceKind, port: number): ServerQuestions =>
  new ServerQuestions(LOAD_SOURCES[kind], { host: '127.0.0.1', port, path: '/', timeoutMs: TIMEOUT_MS });
const why = (read: ReadReport): string => (read.kind === 'wrong' ? read.why : JSON.stringify(read.report));
const answers = (text: string) => (socket: Socket) => socket.once('data', () => socket.end(text));
const http = (body: string, head = ''): string => `HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`;

test('each source is asked in its own way', async () => {
  const load = '{"format":1,"run":"a","clock_us":1,"resources":{"cpu":{"busy":1,"total":2}}}';
  const cases: readonly (readonly [LoadSourceKind, (socket: Socket) => void, RegExp])[] = [
    ['weir-load', answers(http(load)), /"clockUs":1/],
    ['node-exporter', answers(http('node_cpu_seconds_total{cpu="0",mode="user"} 3\n')), /"busy":3/],
    ['orca', answers(http('', 'Endpoint-Load-Metrics: cpu_utilization:0.4\r\n')), /"busy":0.4/],
    ['agent-idle', (socket) => socket.end('75%\n'), /"busy":0.25/],
    ['agent-weight', (socket) => socket.end('75% ready\r\n'), /"percent":75/],
  ];
  for (const [kind, treat, pattern] of cases)
    assert.match(await withServer(treat, async (port) => why(await questions(kind, port).ask())), pattern, kind);
});

test('servers that do not answer, or answer otherwise, give a reason in time', async () => {
  const cases: readonly (readonly [LoadSourceKind, (socket: Socket) => void, RegExp])[] = [
    ['weir-load', () => {}, /no answer within 300 ms/],
    ['weir-load', (socket) => socket.destroy(), /ECONNRESET|socket hang up/],
    ['weir-load', answers('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'), /HTTP status 503/],
    ['weir-load', answers('SSH-2.0-x\r\n'), /HPE_|Parse/],
    ['weir-load', answers(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`), /HPE_HEADER_OVERFLOW/],
    ['weir-load', (socket) => void socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(5_000_000)}`), /longer than|no answer within/],
    [
      'orca',
      answers(http('', 'endpoint-load-metrics: cpu_utilization:0.1\r\nendpoint-load-metrics: cpu_utilization:0.9\r\n')),
      /comes twice/,
    ],
    ['agent-idle', () => {}, /no line within 300 ms/],
    ['agent-idle', (socket) => void socket.write('x'.repeat(2000)), /longer than 1024/],
    ['agent-idle', (socket) => socket.end(), /empty/],
    ['agent-idle', (socket) => socket.end('50 percent\n'), /not known/],
  ];
  for (const [kind, treat, pattern] of cases)
    assert.match(await withServer(treat, async (port) => why(await questions(kind, port).ask())), pattern, `${kind} ${pattern}`);
  const closed = await withServer(
    () => {},
    async (port) => port,
  );
  assert.match(why(await questions('weir-load', closed).ask()), /ECONNREFUSED/);
});

test('only the agent undoes what it did: up does not end maint', async () => {
  const lines = ['maint', 'up 50%', 'down#disk', 'ready', 'up'];
  const states = await withServer(
    (socket) => socket.end(`${lines.shift()}\n`),
    async (port) => {
      const asked = questions('agent-idle', port);
      const seen: string[] = [];
      for (let count = 0; count < 5; count++) {
        const read = await asked.ask();
        const state = read.kind === 'report' ? read.report.state : undefined;
        seen.push(state?.kind === 'drain' ? state.why : (state?.kind ?? 'none'));
      }
      return seen;
    },
  );
  assert.deepEqual(states, ['maint', 'maint', 'maint', 'down: disk', 'ready']);
});
