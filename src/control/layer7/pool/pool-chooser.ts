// Which server of a pool takes a request: nginx's rules, for one process. Times in microseconds of a monotonic clock.
import type { Pool } from '../../../model/layer7/pool.js';
import type { PoolOrder, ServerCounts } from '../../../model/layer7/pool-status.js';
import { fieldValue } from '../../../wire/http/fields.js';
import type { ResponseHead } from '../../../wire/http/response-head.js';
import { decodeOrca, ORCA_HEADERS } from '../../../wire/load/orca.js';
import { type Chance, draw } from '../../chance.js';
import { cookieOf, expand, noSurroundings, type RequestFacts, type Surroundings } from '../request.js';
import type { Attempt } from './attempt.js';
import { bindingId } from './binding-id.js';
import { leastConn } from './least-conn.js';
import { Peer } from './peer.js';
import { ipHash, keyHash, keySum } from './places.js';
import { type Draw, random } from './random.js';
import { Ring } from './ring.js';
import { roundRobin } from './round-robin.js';
import type { ServerLoad } from './server-load.js';

/** How a try ended. `abandoned`: neither, the client went away. */
export type Outcome = 'ok' | 'failed' | 'abandoned';

export interface ChooserOptions {
  /** Makes the ids in cookies: the same on all processes and directors that share clients. */
  readonly secret: Uint8Array;
  readonly chance: Chance;
}

export const NO_SERVER = -1;
const SERVER_ERROR = 500;

function takeReport(load: ServerLoad, lines: string): void {
  const headers = ORCA_HEADERS.flatMap((name) => {
    const value = fieldValue(lines, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  if (headers.length === 0) return;
  const read = decodeOrca(new Map(headers));
  load.reportFault = read.kind === 'wrong' ? read.why : '';
  if (read.kind === 'wrong') return;
  load.reports++;
  load.reported += read.report.busy ?? 0;
}

export class PoolChooser {
  /** Whether the loads in answers are read. */
  readsReports = false;
  readonly #peers: readonly Peer[];
  readonly #primaries: readonly Peer[];
  readonly #backups: readonly Peer[];
  readonly #ids: readonly string[];
  readonly #byId: ReadonlyMap<string, Peer>;
  readonly #ring: Ring | undefined;
  readonly #draw: Draw;

  constructor(
    readonly pool: Pool,
    { secret, chance }: ChooserOptions,
  ) {
    const { servers, persistence, balance } = pool;
    this.#peers = servers.map((server, index) => new Peer(server, index));
    this.#primaries = this.#peers.filter(({ server }) => !server.backup);
    this.#backups = this.#peers.filter(({ server }) => server.backup);
    this.#ids = persistence?.kind === 'cookie' ? servers.map(({ name }) => bindingId(secret, pool.name, name)) : [];
    this.#byId = new Map(this.#ids.flatMap((id, index) => (this.#peers[index] === undefined ? [] : [[id, this.#peers[index]]])));
    this.#ring = (balance.kind === 'hash' && balance.consistent) || persistence?.kind === 'field' ? new Ring(this.#primaries) : undefined;
    let state = chance;
    this.#draw = () => {
      const { word, next } = draw(state);
      state = next;
      return word;
    };
  }

  /** Begins the search of a request. `attempt`: of any request before. */
  begin(attempt: Attempt, facts: RequestFacts, around: Surroundings = noSurroundings): void {
    attempt.reset();
    const { balance, persistence } = this.pool;
    if (persistence?.kind === 'field') attempt.key = facts.field(persistence.name) ?? '';
    else if (balance.kind === 'hash' || balance.kind === 'sum') attempt.key = expand(balance.key, facts, around);
  }

  /** Index of the server for the next try, of which `onResult` must be called; NO_SERVER: there is none. */
  choose(attempt: Attempt, facts: RequestFacts, nowUs: number): number {
    const peer = this.#choose(attempt, facts, nowUs);
    if (peer === undefined) return NO_SERVER;
    peer.take(nowUs);
    attempt.tried.push(peer.index);
    return peer.index;
  }

  #choose(attempt: Attempt, facts: RequestFacts, nowUs: number): Peer | undefined {
    const bound = this.#bound(attempt, facts, nowUs);
    if (bound !== undefined) {
      return this.pool.balance.kind === 'round_robin' && !bound.server.backup ? roundRobin(this.#primaries, attempt, nowUs, bound) : bound;
    }
    const [only] = this.#primaries;
    if (only !== undefined && this.#peers.length === 1) return this.#single(only, attempt);
    if (!attempt.onBackups) {
      const primary = this.#balanced(this.#primaries, attempt, facts, nowUs);
      if (primary !== undefined) return primary;
      attempt.onBackups = true;
    }
    return this.pool.balance.kind === 'least_conn' ? leastConn(this.#backups, attempt, nowUs) : roundRobin(this.#backups, attempt, nowUs);
  }

  /** A single server is never taken out by its failures. */
  #single(peer: Peer, attempt: Attempt): Peer | undefined {
    const { server } = peer;
    const isOut = server.down || !peer.isHealthy || peer.weight === 0 || attempt.tried.length > 0;
    return isOut || (server.maxConns > 0 && peer.load.conns >= server.maxConns) ? undefined : peer;
  }

  /** The server of the client's cookie, on the first try. */
  #bound(attempt: Attempt, facts: RequestFacts, nowUs: number): Peer | undefined {
    const { persistence } = this.pool;
    if (persistence?.kind !== 'cookie' || attempt.tried.length > 0) return undefined;
    const id = cookieOf(facts, persistence.name);
    const peer = id === undefined ? undefined : this.#byId.get(id);
    return peer?.isEligible(nowUs) ? peer : undefined;
  }

  #balanced(peers: readonly Peer[], attempt: Attempt, facts: RequestFacts, nowUs: number): Peer | undefined {
    const { balance, persistence } = this.pool;
    if (persistence?.kind === 'field' && attempt.key !== '') {
      const found = this.#ring?.choose(attempt, nowUs);
      if (found !== undefined) return found;
    }
    switch (balance.kind) {
      case 'least_conn':
        return leastConn(peers, attempt, nowUs);
      case 'ip_hash':
        return ipHash(peers, attempt, nowUs, facts.client) ?? roundRobin(peers, attempt, nowUs);
      case 'random':
        return random(peers, attempt, nowUs, this.#draw, balance.two) ?? roundRobin(peers, attempt, nowUs);
      case 'hash':
      case 'sum': {
        if (attempt.key === '' || persistence?.kind === 'field') return roundRobin(peers, attempt, nowUs);
        const found =
          balance.kind === 'sum'
            ? keySum(peers, attempt, nowUs)
            : balance.consistent
              ? this.#ring?.choose(attempt, nowUs)
              : keyHash(peers, attempt, nowUs);
        return found ?? roundRobin(peers, attempt, nowUs);
      }
      case 'round_robin':
        return roundRobin(peers, attempt, nowUs);
    }
  }

  /** A server sent the head of an answer, so long after it was chosen. */
  onAnswer(server: number, { status, lines }: ResponseHead, headUs: number): void {
    const load = this.#peers[server]?.load;
    if (load === undefined) return;
    load.answers++;
    load.headUs += headUs;
    if (status >= SERVER_ERROR) load.serverErrors++;
    if (this.readsReports) takeReport(load, lines);
  }

  /** The try of a server ended. */
  onResult(server: number, outcome: Outcome, nowUs: number): void {
    const peer = this.#peers[server];
    if (peer === undefined) return;
    peer.load.count(nowUs);
    peer.load.conns--;
    if (outcome === 'abandoned') return;
    if (this.#peers.length === 1) {
      if (outcome === 'failed') peer.load.failures++;
    } else if (outcome === 'failed') peer.failed(nowUs);
    else peer.succeeded();
  }

  /** The verdict of health checks. */
  setHealth(server: number, isHealthy: boolean): void {
    const peer = this.#peers[server];
    if (peer !== undefined) peer.isHealthy = isHealthy;
  }

  /** An operator's or feedback's weight, which need not be whole; 0 to drain. Hashes keep the weights of the configuration, but choose no server of weight 0. */
  setWeight(server: number, weight: number): void {
    const peer = this.#peers[server];
    if (peer === undefined) return;
    peer.effectiveWeight = peer.effectiveWeight >= peer.weight ? weight : Math.min(peer.effectiveWeight, weight);
    peer.weight = weight;
  }

  /** What a reload keeps: failures and health of the servers that both have. Weights are those of the new configuration. */
  takeOver(before: PoolChooser): void {
    const known = new Map(before.#peers.map((peer) => [peer.server.name, peer]));
    for (const peer of this.#peers) {
      const same = known.get(peer.server.name);
      if (same !== undefined) peer.takeOver(same);
    }
  }

  /** The value of the cookie that binds a client to a server; undefined: clients are not bound by cookies. */
  cookieValue(server: number): string | undefined {
    return this.#ids[server];
  }

  /** How many requests a server has now. */
  conns(server: number): number {
    return this.#peers[server]?.load.conns ?? 0;
  }

  /** Verdicts and weights from outside; servers that are not named stay as they are. */
  order({ servers, readsReports }: PoolOrder): void {
    this.readsReports = readsReports;
    const byName = new Map(servers.map((one) => [one.server, one]));
    for (const { server, index, weight } of this.#peers) {
      const order = byName.get(server.name);
      if (order === undefined) continue;
      this.setHealth(index, order.isUp);
      if (order.weight !== weight) this.setWeight(index, order.weight);
    }
  }

  /** What each server was asked and did, by name. */
  counts(nowUs: number): Readonly<Record<string, ServerCounts>> {
    const isAlone = this.#peers.length === 1;
    return Object.fromEntries(
      this.#peers.map((peer) => [peer.server.name, peer.load.counts(nowUs, !isAlone && peer.isOut(nowUs) ? 1 : 0)]),
    );
  }

  /** Where `choose` found none, how many of the pool's servers have which reason: `2 unhealthy, 1 full`. */
  whyNone(attempt: Attempt, nowUs: number): string {
    const counts = new Map<string, number>();
    for (const peer of this.#peers) {
      const reason = attempt.tried.includes(peer.index) ? 'tried' : peer.whyNot(nowUs);
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
  }
}
