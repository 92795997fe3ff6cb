// `weir proxy` before servers of raw sockets whose faults are scripted by the path of a request, and its access log.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.js';
import { RunningProxy } from './running-proxy.js';

/** What a server does with a request. `head`: the request's head. */
export type Script = (socket: Socket, head: string) => void;

export interface RawServer {
  readonly port: number;
  /** Method and path of each request. */
  readonly seen: string[];
  close(): void;
}

/** A server of one request a connection, whose bodies are not read. */
export async function rawServer(script: Script): Promise<RawServer> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    let text = '';
    sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (piece: string) => {
      text += piece;
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.slice(0, end);
      text = '';
      seen.push(head.split(' ').slice(0, 2).join(' '));
      script(socket, head);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, seen, close };
}

export interface LogRecord {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly tries: number;
  readonly ending: string;
  readonly cause: string;
}

export interface FaultBedOptions {
  /** Keys of the section `layer7`. */
  readonly settings?: string;
  /** Keys of the pool. */
  readonly pool?: string;
  readonly workers?: number;
  /** Words before the command. */
  readonly under?: readonly string[];
}

export class FaultBed {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-faults-'));
  readonly port: number;
  readonly proxy: RunningProxy;

  private constructor(port: number, servers: readonly number[], { settings = '', pool = '', workers = 1, under = [] }: FaultBedOptions) {
    this.port = port;
    const list = servers.map((one) => `{ address: '127.0.0.1:${one}', max_fails: 0 }`).join(', ');
    const text = `layer7:
  listeners: { web: '127.0.0.1:${port}' }
${settings}
  pools:
    web:
      servers: [${list}]
${pool}
  hosts: [{ default_server: true, locations: [{ location: /, pool: web }] }]
`;
    writeFileSync(join(this.#folder, 'weir.yaml'), text);
    const files = ['--config', join(this.#folder, 'weir.yaml'), '--log', join(this.#folder, 'log'), '--log-format', 'json'];
    this.proxy = new RunningProxy([...files, '--workers', String(workers), '--drain', '5'], 'proxy', under);
  }

  static async start(servers: readonly number[], options: FaultBedOptions = {}): Promise<FaultBed> {
    const bed = new FaultBed(await freePort(), servers, options);
    await bed.proxy.reported(/serves \S+ with/);
    return bed;
  }

  /** The log so far, when it has at least so many lines. */
  async records(atLeast: number): Promise<readonly LogRecord[]> {
    for (;;) {
      const text = readFileSync(join(this.#folder, 'log'), 'utf8');
      const lines = text.split('\n').slice(0, -1);
      if (lines.length >= atLeast) return lines.map((line) => JSON.parse(line) as LogRecord);
      await delay(100);
    }
  }

  /** Everything that comes for these bytes until the connection ends. */
  async ask(bytes: string): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    socket.setEncoding('latin1');
    let answer = '';
    socket.on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('error', () => socket.destroy());
    socket.write(Buffer.from(bytes, 'latin1'));
    await once(socket, 'close');
    return answer;
  }

  async stop(): Promise<void> {
    this.proxy.signal('SIGTERM');
    await new Promise((done) => setTimeout(done, 20));
    this.proxy.signal('SIGTERM');
    await this.proxy.ended;
    rmSync(this.#folder, { recursive: true });
  }
}
