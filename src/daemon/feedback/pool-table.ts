// The weights of a pool of layer 7: those of the proxy of this network namespace that has the pool, which sends what it knows every second.
import { createConnection, type Socket } from 'node:net';
import type { TableServer, WeightWrite } from '../../control/feedback/messages.js';
import type { DirectorCounters } from '../../control/feedback/window.js';
import { proxySockets } from '../../host/proxy-sockets.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import { type ReadReport, wrongReport } from '../../model/feedback/load-report.js';
import type { LoadSource } from '../../model/feedback/load-source.js';
import { parseJson } from '../../model/json.js';
import type { ProxyAnswer, ProxyQuestion, WatchedPool, WatchedServer } from '../../model/layer7/proxy-talk.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import type { FeedbackTable, LookedAt } from './feedback-table.js';

const LINE_MAX = 8 * 1024 * 1024;

interface Seen {
  readonly atUs: number;
  readonly server: WatchedServer;
}

/** The time that a server was busy, as far as its requests show it. */
interface Busy {
  readonly busy: number;
  readonly total: number;
}

/** One conversation with a proxy: what it sent last. */
class Conversation {
  found: WatchedPool | undefined;
  atUs = 0;
  isOver = false;
  #held = '';

  constructor(
    readonly socket: Socket,
    readonly pool: string,
    reports: boolean,
  ) {
    socket.setEncoding('utf8');
    socket.on('connect', () => this.send({ kind: 'watch', pools: [pool], reports: reports ? [pool] : [] }));
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.isOver = true;
      this.found = undefined;
    });
  }

  send(question: ProxyQuestion): void {
    this.socket.write(`${JSON.stringify(question)}\n`);
  }

  #take(text: string): void {
    const lines = (this.#held + text).split('\n');
    this.#held = lines.pop() ?? '';
    if (this.#held.length > LINE_MAX) this.socket.destroy();
    for (const line of lines) {
      const answer = parseJson(line) as ProxyAnswer | undefined;
      if (answer?.kind !== 'watched') continue;
      this.found = answer.pools.find((one) => one.pool === this.pool);
      this.atUs = monotonicUs();
    }
  }
}

export class PoolTable implements FeedbackTable {
  readonly #cookie = String(native().netnsCookie());
  #conversation: Conversation | undefined;
  /** Where the next search begins: a proxy without the pool is not asked again before the others. */
  #tries = 0;
  /** Conversations since the pool was found last, and the proxies that there are. */
  #unfound = 0;
  #sockets = 0;
  readonly #seen = new Map<string, Seen>();
  readonly #busy = new Map<string, Busy>();

  constructor(
    readonly pool: string,
    readonly source: LoadSource,
  ) {}

  get missing(): string | undefined {
    const { isOver = true, atUs = 0 } = this.#conversation ?? {};
    const isAsked = !isOver && atUs === 0 && this.#unfound <= this.#sockets;
    return isAsked ? undefined : `no proxy of this network namespace has the pool ${this.pool}`;
  }

  #connect(): void {
    this.#conversation?.socket.destroy();
    const sockets = proxySockets(this.#cookie);
    this.#sockets = sockets.length;
    this.#unfound++;
    const next = sockets[this.#tries++ % Math.max(1, sockets.length)];
    this.#conversation = next && new Conversation(createConnection(next.path), this.pool, this.source.kind === 'proxy-orca');
  }

  look(): LookedAt | undefined {
    const { found, atUs = 0, isOver = true } = this.#conversation ?? {};
    const isWrongOne = found === undefined && atUs > 0;
    if (isOver || isWrongOne) this.#connect();
    if (found === undefined) return undefined;
    this.#unfound = 0;
    const places = new Map(
      found.servers.flatMap(({ server, address }) => {
        const place = parseEndpoint(address);
        return place === undefined ? [] : [[server, place] as const];
      }),
    );
    const reports = this.#reports(found, atUs);
    return { scheduler: found.balance, servers: found.servers.map(tableServer), places, reports };
  }

  #reports({ servers }: WatchedPool, atUs: number): ReadonlyMap<string, ReadReport> {
    const reports = new Map<string, ReadReport>();
    for (const server of servers) {
      const before = this.#seen.get(server.server);
      if (before?.atUs === atUs) continue;
      this.#seen.set(server.server, { atUs, server });
      if (before === undefined) continue;
      const report = this.source.kind === 'proxy-orca' ? reportedLoad(before.server, server) : this.#requestLoad(before, { atUs, server });
      if (report !== undefined) reports.set(server.server, report);
    }
    return reports;
  }

  /** Busy is a server with as many requests as it works on at a time; more of them wait in it. */
  #requestLoad(before: Seen, { atUs, server }: Seen): ReadReport | undefined {
    const { concurrency } = this.source;
    if (this.source.kind !== 'proxy-requests' || concurrency === undefined) return undefined;
    const old = this.#busy.get(server.server) ?? { busy: 0, total: 0 };
    const time = atUs - before.atUs;
    const used = Math.max(0, server.busyUs - before.server.busyUs) / concurrency;
    const now = { busy: old.busy + Math.min(time, used), total: old.total + time };
    this.#busy.set(server.server, now);
    const completed = server.answers - server.serverErrors;
    return { kind: 'report', report: { counters: { resources: [{ name: 'requests', ...now }], completed } } };
  }

  counters(): ReadonlyMap<string, DirectorCounters> {
    const servers = this.#conversation?.found?.servers ?? [];
    return new Map(servers.map((server) => [server.server, tableServer(server).counters]));
  }

  /** The proxy, too, takes each only where the weight is still that. */
  write(writes: readonly WeightWrite[], scale: number): readonly string[] {
    const { found } = this.#conversation ?? {};
    if (this.#conversation === undefined || found === undefined) return [];
    const fresh = writes.filter(({ server, from }) => found.servers.some((one) => one.server === server && one.weight === from));
    if (fresh.length === 0) return [];
    const weights = fresh.map(({ server, from, to }) => ({ server, from, to }));
    this.#conversation.send({ kind: 'write', pool: this.pool, scale, weights });
    const to = new Map(weights.map((one) => [one.server, one.to]));
    const servers = found.servers.map((one) => ({ ...one, weight: to.get(one.server) ?? one.weight }));
    this.#conversation.found = { ...found, servers };
    return [...to.keys()];
  }

  close(): void {
    this.#conversation?.socket.end();
  }
}

const tableServer = ({ server, weight, requests, conns, isUp }: WatchedServer): TableServer => ({
  id: server,
  name: server,
  weight,
  counters: { conns: requests, active: conns },
  ...(isUp ? {} : { down: true }),
});

/** The mean of what the server's answers reported. Undefined: none did, which is no news. */
function reportedLoad(before: WatchedServer, { reports, reported, reportFault }: WatchedServer): ReadReport | undefined {
  const count = reports - before.reports;
  if (count > 0) return { kind: 'report', report: { busy: Math.max(0, reported - before.reported) / count } };
  return reportFault === '' ? undefined : wrongReport(reportFault);
}
