// The servers of all pools as the proxy's supervisor has them: what checks found, what feedback wrote, what the processes counted. From these it
// makes what the processes use, and what people are shown.
import { netnsStatePath } from '../../host/state-file.js';
import type { Pool, PoolServer } from '../../model/layer7/pool.js';
import {
  addCounts,
  NO_COUNTS,
  type PoolCounts,
  type PoolOrder,
  type PoolServerStatus,
  type PoolStatus,
  type ServerCounts,
} from '../../model/layer7/pool-status.js';
import type { Log } from '../../model/log-level.js';
import { isSystemError } from '../../sys/errno.js';
import { FeedbackWeights } from './feedback-weights.js';
import { Layer4Verdicts } from './layer4-verdicts.js';
import { PoolChecker } from './pool-checker.js';
import { RequestShares } from './request-shares.js';
import { SwitchVerdicts } from './switch-verdicts.js';

const LAYER4_LOOK_MS = 1000;

export interface PoolKeeperOptions {
  readonly pools: readonly Pool[];
  readonly log: Log;
  /** The processes must have other orders. */
  readonly onChange: () => void;
}

/** What is known of a server now. */
interface Judged {
  readonly isUp: boolean;
  readonly why: string;
  readonly isChecked: boolean;
  readonly weight: number;
}

interface Known {
  readonly isUp: boolean;
  readonly since: number | null;
  /** How many processes sent it nothing the last time. */
  readonly out: number;
}

const keyOf = (pool: string, server: string): string => `${pool}\n${server}`;

export class PoolKeeper {
  #pools: readonly Pool[];
  readonly feedback = new FeedbackWeights();
  readonly #checker: PoolChecker;
  readonly #layer4 = new Layer4Verdicts();
  readonly #switch: SwitchVerdicts;
  readonly #known = new Map<string, Known>();
  /** By process; `undefined`: of those that ended, without what they had under way. */
  readonly #counts = new Map<number | undefined, PoolCounts>();
  readonly #shares = new RequestShares();
  readonly #timer: NodeJS.Timeout;
  #orders = '';
  #trouble = '';

  constructor(readonly options: PoolKeeperOptions) {
    this.#pools = options.pools;
    const { log } = options;
    this.#switch = new SwitchVerdicts(log);
    const healthFile = netnsStatePath('health', '_proxy');
    this.#checker = new PoolChecker({ log, healthFile, onChange: () => this.#changed() });
    this.#readLayer4();
    this.#checker.configure(this.#pools);
    this.#changed();
    this.#timer = setInterval(() => this.#look(), LAYER4_LOOK_MS);
  }

  get pools(): readonly Pool[] {
    return this.#pools;
  }

  /** A reload. */
  configure(pools: readonly Pool[]): void {
    this.feedback.forget(this.#pools, pools);
    this.#pools = pools;
    this.#checker.configure(pools);
    this.#changed();
  }

  #readLayer4(): void {
    try {
      this.#layer4.look();
      this.#trouble = '';
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (this.#trouble !== error.message) this.options.log('warning', `verdicts of layer 4's checks cannot be read: ${error.message}`);
      this.#trouble = error.message;
    }
  }

  #look(): void {
    this.#readLayer4();
    this.#changed();
    this.#shares.look(this.#totals());
  }

  #judge(pool: Pool, server: PoolServer, index: number): Judged {
    const own = this.#checker.of(pool.name, index);
    const layer4 = this.#layer4.of(server);
    const moved = this.feedback.weightOf(pool.name, server.name);
    const part = Math.min(own?.part ?? 1, layer4?.part ?? 1);
    return {
      isUp: own?.isUp !== false && layer4?.isUp !== false,
      why: [own?.why, layer4?.why].filter((why) => why !== undefined && why !== '').join('; '),
      isChecked: own !== undefined || layer4 !== undefined,
      // feedback has a slow start of its own
      weight: moved ?? (own?.weight ?? server.weight) * part,
    };
  }

  /** Logs what is new, and has the processes follow it. */
  #changed(): void {
    for (const pool of this.#pools) {
      for (const [index, server] of pool.servers.entries()) this.#logTurn(pool, server, this.#judge(pool, server, index));
    }
    this.#switch.write(this.#outServers());
    const orders = JSON.stringify(this.orders());
    if (orders === this.#orders) return;
    this.#orders = orders;
    this.options.onChange();
  }

  /** Content switching has one entry for a server of several pools: it is out where one of them has it so. */
  #outServers(): readonly PoolServer[] {
    return this.#pools.flatMap((pool) =>
      pool.servers.filter((server, index) => {
        const { isUp, weight } = this.#judge(pool, server, index);
        return !isUp || weight === 0;
      }),
    );
  }

  #logTurn({ name }: Pool, server: PoolServer, { isUp, why }: Judged): void {
    const key = keyOf(name, server.name);
    const before = this.#known.get(key);
    if (before?.isUp === isUp || (before === undefined && isUp)) return;
    this.options.log(isUp ? 'info' : 'warning', `pool ${name}: ${server.name} is ${isUp ? 'up: it gets requests again' : `down: ${why}`}`);
    this.#known.set(key, { isUp, since: Date.now(), out: before?.out ?? 0 });
  }

  /** What the processes are to use. */
  orders(): readonly PoolOrder[] {
    return this.#pools.map((pool) => ({
      pool: pool.name,
      readsReports: this.feedback.readsReports(pool.name),
      servers: pool.servers.map((server, index) => {
        const { isUp, weight } = this.#judge(pool, server, index);
        return { server: server.name, isUp, weight };
      }),
    }));
  }

  isUp(pool: Pool, server: PoolServer, index: number): boolean {
    return this.#judge(pool, server, index).isUp;
  }

  /** Another weight of feedback's. */
  feedbackChanged(): void {
    this.#changed();
  }

  /** What a process counted so far. */
  counted(process: number, counts: PoolCounts): void {
    this.#counts.set(process, counts);
    for (const pool of this.#pools) for (const server of pool.servers) this.#logFailing(pool, server);
  }

  /** A process ended. */
  forget(process: number): void {
    const last = this.#counts.get(process);
    this.#counts.delete(process);
    if (last === undefined) return;
    const gone: Record<string, Record<string, ServerCounts>> = {};
    for (const [pool, servers] of [...Object.entries(this.#counts.get(undefined) ?? {}), ...Object.entries(last)]) {
      gone[pool] ??= {};
      for (const [server, counts] of Object.entries(servers))
        gone[pool][server] = addCounts(gone[pool][server] ?? NO_COUNTS, { ...counts, conns: 0, out: 0 });
    }
    this.#counts.set(undefined, gone);
  }

  /** Of all processes. */
  countsOf(pool: string, server: string): ServerCounts {
    let sum = NO_COUNTS;
    for (const counts of this.#counts.values()) {
      const one = counts[pool]?.[server];
      if (one !== undefined) sum = addCounts(sum, one);
    }
    return sum;
  }

  #totals(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return new Map(
      this.#pools.map(({ name, servers }) => [name, new Map(servers.map((one) => [one.name, this.countsOf(name, one.name).requests]))]),
    );
  }

  #logFailing({ name }: Pool, server: PoolServer): void {
    const key = keyOf(name, server.name);
    const { out } = this.countsOf(name, server.name);
    const before = this.#known.get(key) ?? { isUp: true, since: null, out: 0 };
    if (before.out === out) return;
    this.#known.set(key, { ...before, out });
    const rule = `${server.maxFails} failed requests within ${server.failTimeoutUs / 1e6} s`;
    if (before.out === 0) this.options.log('warning', `pool ${name}: ${server.name} gets no requests for now: ${rule} (max_fails)`);
    else if (out === 0) this.options.log('info', `pool ${name}: ${server.name} gets requests again after failures`);
  }

  #statusOf(pool: Pool, server: PoolServer, index: number, weights: number): PoolServerStatus {
    const judged = this.#judge(pool, server, index);
    const counts = this.countsOf(pool.name, server.name);
    const state = server.down ? 'disabled' : !judged.isUp ? 'down' : counts.out > 0 ? 'failing' : 'up';
    const why = state === 'failing' ? `failures of requests keep ${counts.out} processes from it` : judged.why;
    return {
      ...counts,
      server: server.name,
      state,
      why: state === 'disabled' ? 'down in the file' : why,
      since: this.#known.get(keyOf(pool.name, server.name))?.since ?? null,
      isBackup: server.backup,
      isChecked: judged.isChecked,
      configured: server.weight,
      weight: judged.weight,
      weightShare: judged.isUp && !server.down && weights > 0 ? judged.weight / weights : null,
      share: this.#shares.of(pool.name, server.name),
    };
  }

  status(): readonly PoolStatus[] {
    return this.#pools.map((pool) => {
      const weights = pool.servers.reduce((sum, server, index) => {
        const { isUp, weight } = this.#judge(pool, server, index);
        return isUp && !server.down && !server.backup ? sum + weight : sum;
      }, 0);
      return {
        pool: pool.name,
        balance: pool.balance.kind,
        servers: pool.servers.map((server, index) => this.#statusOf(pool, server, index, weights)),
      };
    });
  }

  /** `isReplaced`: the verdicts for content switching are another one's by now. */
  close(isReplaced = false): void {
    clearInterval(this.#timer);
    if (!isReplaced) this.#switch.write([]);
    this.#checker.close();
  }
}
