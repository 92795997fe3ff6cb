// The proxy's socket for `weir proxy status`, doctor and feedback, for root alone. Who asks for more than it may hold is cut off.
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { prepareProxySockets, proxySocketPath } from '../../host/proxy-sockets.js';
import { endpointText } from '../../model/endpoint-text.js';
import { isRecord, parseJson } from '../../model/json.js';
import type { ProxyStatus } from '../../model/layer7/pool-status.js';
import type { ProxyAnswer, ProxyQuestion, WatchedPool, WrittenWeight } from '../../model/layer7/proxy-talk.js';
import type { Log } from '../../model/log-level.js';
import { native } from '../../sys/addon.js';
import { isSystemError } from '../../sys/errno.js';
import type { PoolKeeper } from './pool-keeper.js';

const WATCH_MS = 1000;
const LINE_MAX = 1024 * 1024;
const HELD_MAX = 8 * 1024 * 1024;
const SOCKET_MODE = 0o600;

interface Subscriber {
  readonly pools: readonly string[];
  readonly reports: readonly string[];
}

const areTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((one) => typeof one === 'string');
const isWeight = (value: unknown): value is WrittenWeight =>
  isRecord(value) &&
  typeof value['server'] === 'string' &&
  [value['from'], value['to']].every((one) => Number.isSafeInteger(one) && Number(one) >= 0);

/** undefined: no question of ours. */
function questionOf(line: string): ProxyQuestion | undefined {
  const value = parseJson(line);
  if (!isRecord(value)) return undefined;
  const { kind, pools, reports, pool, scale, weights } = value;
  if (kind === 'status') return { kind };
  if (kind === 'watch' && areTexts(pools) && areTexts(reports)) return { kind, pools, reports };
  const isScale = typeof scale === 'number' && Number.isSafeInteger(scale) && scale > 0;
  if (kind === 'write' && typeof pool === 'string' && isScale && Array.isArray(weights) && weights.every(isWeight))
    return { kind, pool, scale, weights };
  return undefined;
}

export class ControlSocket {
  readonly #server: Server;
  readonly #subscribers = new Map<Socket, Subscriber>();
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    readonly keeper: PoolKeeper,
    readonly status: () => ProxyStatus,
    readonly log: Log,
  ) {
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.on('error', (error) => this.#refused(error));
    this.open();
    this.#timer = setInterval(() => this.#sendWatched(), WATCH_MS);
  }

  #refused({ message }: Error): void {
    this.log('warning', `weir proxy status and feedback cannot ask this proxy: ${message}`);
  }

  open(): void {
    const path = proxySocketPath(String(native().netnsCookie()), process.pid);
    try {
      prepareProxySockets();
      this.#server.listen(path, () => chmodSync(path, SOCKET_MODE));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#refused(error);
    }
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let held = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (held + text).split('\n');
      held = lines.pop() ?? '';
      for (const line of lines) this.#answer(socket, line);
      if (held.length > LINE_MAX) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#subscribers.delete(socket)) this.#readReports();
    });
  }

  #send(socket: Socket, answer: ProxyAnswer): void {
    if (socket.writableLength > HELD_MAX) socket.destroy();
    else socket.write(`${JSON.stringify(answer)}\n`);
  }

  #answer(socket: Socket, line: string): void {
    const question = questionOf(line);
    switch (question?.kind) {
      case undefined:
        socket.destroy();
        break;
      case 'status':
        this.#send(socket, { kind: 'status', status: this.status() });
        break;
      case 'watch':
        this.#subscribers.set(socket, question);
        this.#readReports();
        this.#send(socket, { kind: 'watched', pools: this.#watched(question) });
        break;
      case 'write':
        this.#write(question);
    }
  }

  #readReports(): void {
    this.keeper.feedback.readReportsOf(new Set([...this.#subscribers.values()].flatMap(({ reports }) => reports)));
    this.keeper.feedbackChanged();
  }

  #write({ pool, scale, weights }: Extract<ProxyQuestion, { kind: 'write' }>): void {
    const servers = this.keeper.pools.find(({ name }) => name === pool)?.servers ?? [];
    this.keeper.feedback.write(pool, scale, weights, (name) => servers.find((server) => server.name === name)?.weight);
    this.keeper.feedbackChanged();
  }

  #watched({ pools }: Subscriber): readonly WatchedPool[] {
    return this.keeper.pools
      .filter(({ name }) => pools.includes(name))
      .map((pool) => ({
        pool: pool.name,
        balance: pool.balance.kind,
        servers: pool.servers.flatMap((server, index) =>
          server.down
            ? []
            : [
                {
                  ...this.keeper.countsOf(pool.name, server.name),
                  server: server.name,
                  address: endpointText(server),
                  weight: this.keeper.feedback.writtenOf(pool.name, server.name) ?? server.weight,
                  isUp: this.keeper.isUp(pool, server, index),
                },
              ],
        ),
      }));
  }

  #sendWatched(): void {
    for (const [socket, subscriber] of this.#subscribers) this.#send(socket, { kind: 'watched', pools: this.#watched(subscriber) });
  }

  /** Another one may have the address; `open` takes it again. */
  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.leave();
  }
}
