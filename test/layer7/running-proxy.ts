// `weir proxy` as a process of its own, and servers in this one.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { join } from 'node:path';
import { root } from '../support/project.js';

/** A server that answers with its name and what it was sent; on /slow after 300 ms; it changes to WebSocket and echoes. */
export async function namedServer(name: string): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((incoming, answer) => {
    const send = (): void => void answer.end(`${name} ${incoming.headers['x-forwarded-for']}`);
    if (incoming.url === '/slow') setTimeout(send, 300);
    else send();
  });
  server.keepAliveTimeout = 60_000;
  server.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One request on a connection of its own. */
export function get(port: number, path = '/'): Promise<Answer> {
  return new Promise((done, fail) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('latin1');
      answer.on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => done({ status: answer.statusCode ?? 0, text }));
      answer.on('error', fail);
    });
    asked.on('error', fail);
    asked.end();
  });
}

/** A WebSocket whose server echoes. */
export async function webSocket(port: number): Promise<{ echo(text: string): Promise<string>; end(): void }> {
  const socket = createConnection(port, '127.0.0.1');
  socket.setEncoding('latin1');
  socket.write('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const [head] = (await once(socket, 'data')) as [string];
  assert.match(head, /^HTTP\/1\.1 101 /);
  return {
    echo: async (text) => {
      socket.write(text);
      return ((await once(socket, 'data')) as [string])[0];
    },
    end: () => socket.destroy(),
  };
}

export class RunningProxy {
  stderr = '';
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  /** It does not outlive this process. `under`: words before the command, such as those of prlimit(1). */
  constructor(args: readonly string[], command = 'proxy', under: readonly string[] = []) {
    const words = ['--pdeathsig', 'KILL', '--', ...under, process.execPath, join(root, 'dist/weir.cjs'), command, ...args];
    this.#child = spawn('setpriv', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (piece: Buffer) => {
      this.stderr += piece.toString('latin1');
    });
    this.ended = new Promise((done) => this.#child.on('exit', (code) => done(code ?? -1)));
    this.#closed = new Promise((done) => this.#child.on('close', done));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** For the end of a test, also of one that failed; its processes and its engine end when it has gone (PR_SET_PDEATHSIG). */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** Waits until its messages match; the match. @throws Error when it ended before */
  async reported(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stderr);
      if (found !== null) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(`weir proxy ended: ${this.stderr}`);
      await Promise.race([once(this.#child.stderr!, 'data'), this.#closed]);
    }
  }
}
