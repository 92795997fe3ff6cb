// Runs in one host of a harness' network, as a process of its own: executes commands, serves, and is a client. It reads requests from
// standard input and writes answers to standard output, a JSON object a line; it ends, with what it started, when its input ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { AnswerTimeout } from '../../../src/sys/answer-timeout.js';

export interface Endpoint {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

export type Request =
  | { readonly kind: 'run'; readonly command: string; readonly timeoutMs: number }
  | { readonly kind: 'start'; readonly name: string; readonly command: string }
  | { readonly kind: 'stop'; readonly name: string; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'listen'; readonly at: Endpoint; readonly answer: string }
  | { readonly kind: 'close'; readonly at: Endpoint }
  | { readonly kind: 'fetch'; readonly at: Endpoint; readonly bytes: number; readonly timeoutMs: number };

/** `text`: a command's output, or who answered. `error`: a command's error output, or why there is no answer. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly error: string;
}

const done = (text = ''): Answer => ({ status: 0, text, error: '' });
const failed = (error: string, status = 1): Answer => ({ status, text: '', error });

const children = new Map<string, ChildProcess>();
/** How each server ends, its connections too. */
const servers = new Map<string, (ended: () => void) => void>();
const idOf = ({ protocol, address, port }: Endpoint): string => `${protocol} ${address} ${port}`;

function run(command: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    const parts = { text: '', error: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (parts.text += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (parts.error += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ ...parts, status: status ?? -1, error: signal === null ? parts.error : `${parts.error}ended by ${signal}` });
    });
  });
}

/** Keeps running until it is stopped, or this process ends. */
function start(name: string, command: string): Answer {
  const child = spawn('sh', ['-c', `exec ${command}`], { stdio: 'ignore' });
  children.set(name, child);
  return child.pid === undefined ? failed(`${command} did not start`) : done(String(child.pid));
}

function stop(name: string, signal: NodeJS.Signals): Promise<Answer> {
  const child = children.get(name);
  children.delete(name);
  if (child === undefined) return Promise.resolve(failed(`${name} does not run`));
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(done());
  return new Promise((resolve) => {
    child.once('exit', () => resolve(done()));
    child.kill(signal);
  });
}

/** A request is `BYTES\n` and as many bytes; the answer is the server's name, a line end, and as many bytes. */
function listenTcp(at: Endpoint, answer: string): Promise<Answer> {
  return new Promise((resolve) => {
    const open = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let got = '';
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        got += chunk;
        const line = got.indexOf('\n');
        const bytes = Number(got.slice(0, line));
        if (line >= 0 && got.length - line - 1 >= bytes) socket.end(`${answer}\n${'x'.repeat(bytes)}`);
      });
    });
    server.once('error', (error) => resolve(failed(error.message)));
    server.listen(at.port, at.address, () => {
      servers.set(idOf(at), (ended) => {
        server.close(ended);
        for (const socket of open) socket.destroy();
      });
      resolve(done());
    });
  });
}

function listenUdp(at: Endpoint, answer: string): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = createSocket(at.address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (_, { port, address }) => socket.send(answer, port, address));
    socket.once('error', (error) => resolve(failed(error.message)));
    socket.bind(at.port, at.address, () => {
      servers.set(idOf(at), (ended) => socket.close(ended));
      resolve(done());
    });
  });
}

function close(at: Endpoint): Promise<Answer> {
  const end = servers.get(idOf(at));
  servers.delete(idOf(at));
  if (end === undefined) return Promise.resolve(failed(`nothing serves ${idOf(at)}`));
  return new Promise((resolve) => end(() => resolve(done())));
}

function fetchTcp(at: Endpoint, bytes: number, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    let got = '';
    const socket = connect({ host: at.address, port: at.port }, () => socket.write(`${bytes}\n${'x'.repeat(bytes)}`));
    const end = (answer: Answer): void => {
      limit.cancel();
      socket.destroy();
      resolve(answer);
    };
    const limit = new AnswerTimeout(timeoutMs, () => end(failed(got === '' ? 'timeout' : `timeout after ${got.length} bytes`)));
    socket.setEncoding('latin1').on('data', (chunk: string) => (got += chunk));
    socket.once('error', (error: NodeJS.ErrnoException) => end(failed(error.code ?? error.message)));
    socket.once('end', () => {
      const [name = '', padding = ''] = got.split('\n');
      end(padding.length === bytes ? done(name) : failed(`${padding.length} of ${bytes} bytes`));
    });
  });
}

function fetchUdp(at: Endpoint, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = createSocket(at.address.includes(':') ? 'udp6' : 'udp4');
    const end = (answer: Answer): void => {
      limit.cancel();
      socket.close();
      resolve(answer);
    };
    const limit = new AnswerTimeout(timeoutMs, () => end(failed('timeout')));
    socket.once('error', (error: NodeJS.ErrnoException) => end(failed(error.code ?? error.message)));
    socket.once('message', (message) => end(done(message.toString('utf8'))));
    socket.connect(at.port, at.address, () => socket.send('0\n'));
  });
}

function carryOut(request: Request): Promise<Answer> | Answer {
  switch (request.kind) {
    case 'run':
      return run(request.command, request.timeoutMs);
    case 'start':
      return start(request.name, request.command);
    case 'stop':
      return stop(request.name, request.signal);
    case 'listen':
      return request.at.protocol === 'tcp' ? listenTcp(request.at, request.answer) : listenUdp(request.at, request.answer);
    case 'close':
      return close(request.at);
    case 'fetch':
      return request.at.protocol === 'tcp'
        ? fetchTcp(request.at, request.bytes, request.timeoutMs)
        : fetchUdp(request.at, request.timeoutMs);
  }
}

async function handle(line: string): Promise<void> {
  const { id, request } = JSON.parse(line) as { readonly id: number; readonly request: Request };
  process.stdout.write(`${JSON.stringify({ id, answer: await carryOut(request) })}\n`);
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => void handle(line));
input.on('close', () => {
  for (const child of children.values()) child.kill('SIGKILL');
  process.exit(0);
});
