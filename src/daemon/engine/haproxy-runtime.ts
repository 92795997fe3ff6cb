// HAProxy's servers as they are to be, by its stats socket: what differs is set, now and every second, so that a process that began with an older
// file follows, too. And what HAProxy counts of them.
import { processNumber, readGeneration, type ServerStat, serverStats, serversState } from '../../config/haproxy/haproxy-answers.js';
import { haproxyStates, serverName } from '../../config/haproxy/haproxy-weights.js';
import type { Pool } from '../../model/layer7/pool.js';
import { addCounts, NO_COUNTS, type PoolCounts, type PoolOrder, type ServerCounts } from '../../model/layer7/pool-status.js';
import { askHaproxy } from './haproxy-socket.js';

const LOOK_MS = 1000;
/** Of one line to HAProxy, which reads 16 KiB. */
const COMMANDS_MAX = 100;
const MS_US = 1000;
const CUT = 'its answer is not whole';
/** Between two processes there is none: it is reported where it lasts for so many looks. */
const BETWEEN = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', CUT];
const BETWEEN_LOOKS = 10;

export interface HaproxyRuntimeOptions {
  readonly path: string;
  readonly pools: () => readonly Pool[];
  readonly orders: () => readonly PoolOrder[];
  readonly onCounts: (process: number, counts: PoolCounts) => void;
  /** Which configuration it has. */
  readonly onGeneration: (generation: string | undefined) => void;
  readonly onProcessGone: (process: number) => void;
  readonly report: (text: string) => void;
}

/** The pool of a backend: `NAME` or `NAME:2`. */
const poolOf = (backend: string): string => backend.replace(/:\d+$/, '');

export class HaproxyRuntime {
  readonly #timer: NodeJS.Timeout;
  /** The looks under way. */
  #looking: Promise<void> | undefined;
  #isAsked = false;
  #isClosed = false;
  #process: number | undefined;
  #trouble = '';
  #between = 0;
  #refusal = '';
  #busyUs = new Map<string, number>();
  #headUs = new Map<string, { readonly answers: number; readonly us: number }>();
  #lookedAt = 0;

  constructor(readonly options: HaproxyRuntimeOptions) {
    this.#timer = setInterval(() => void this.sync(), LOOK_MS);
  }

  /** Orders changed. Resolves when HAProxy has them, or could not be asked. */
  sync(): Promise<void> {
    this.#isAsked = true;
    this.#looking ??= this.#run();
    return this.#looking;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAsked) {
        this.#isAsked = false;
        await this.#look();
      }
      this.#trouble = '';
      this.#between = 0;
    } catch (error) {
      this.#onTrouble(error);
    } finally {
      this.#looking = undefined;
    }
  }

  #onTrouble(error: unknown): void {
    if (!(error instanceof Error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const text = code ?? error.message;
    if (this.#isClosed || (BETWEEN.includes(text) && ++this.#between < BETWEEN_LOOKS)) return;
    if (this.#trouble !== text) this.options.report(`HAProxy cannot be asked: ${text}`);
    this.#trouble = text;
  }

  async #look(): Promise<void> {
    const { path } = this.options;
    const text = await askHaproxy(path, 'show servers state;show stat -1 4 -1;show info');
    // of a process that ends within its answer nothing is taken
    if (processNumber(text) === undefined || !text.endsWith('\n\n')) throw new Error(CUT);
    if (this.#isClosed) return;
    await this.#set(this.#commands(text));
    if (this.#isClosed) return;
    this.options.onGeneration(readGeneration(text));
    this.#count(text);
  }

  async #set(commands: readonly string[]): Promise<void> {
    const refusals = [];
    for (let at = 0; at < commands.length; at += COMMANDS_MAX) {
      const answer = await askHaproxy(this.options.path, commands.slice(at, at + COMMANDS_MAX).join(';'));
      refusals.push(answer.replaceAll(/\s+/g, ' ').trim());
    }
    const refusal = refusals.join(' ').trim();
    // what it refuses is tried again by each look
    if (refusal !== '' && refusal !== this.#refusal) this.options.report(`HAProxy refuses: ${refusal}`);
    this.#refusal = refusal;
  }

  /** What makes its servers those that are wanted. */
  #commands(text: string): readonly string[] {
    const wanted = new Map(
      this.options.pools().flatMap((pool) => {
        const states = haproxyStates(
          pool,
          this.options.orders().find((order) => order.pool === pool.name),
        );
        return pool.servers.map((server, index) => [`${pool.name} ${serverName(server)}`, states[index]!] as const);
      }),
    );
    return serversState(text).flatMap(({ backend, server, weight, isOut }) => {
      const want = wanted.get(`${poolOf(backend)} ${server}`);
      if (want === undefined) return [];
      return [
        ...(want.weight === weight ? [] : [`set server ${backend}/${server} weight ${want.weight}`]),
        ...(want.isOut === isOut ? [] : [`set server ${backend}/${server} state ${want.isOut ? 'maint' : 'ready'}`]),
      ];
    });
  }

  #countsOf(key: string, stat: ServerStat, passedUs: number, isNew: boolean): ServerCounts {
    const busyUs = (isNew ? 0 : (this.#busyUs.get(key) ?? 0)) + stat.conns * passedUs;
    this.#busyUs.set(key, busyUs);
    const before = isNew ? undefined : this.#headUs.get(key);
    const headUs = (before?.us ?? 0) + Math.max(0, stat.answers - (before?.answers ?? 0)) * stat.headMs * MS_US;
    this.#headUs.set(key, { answers: stat.answers, us: headUs });
    const { conns, requests, answers, serverErrors, failures, isDown } = stat;
    return { ...NO_COUNTS, conns, requests, answers, serverErrors, failures, headUs, busyUs, out: isDown ? 1 : 0 };
  }

  #count(text: string): void {
    const pid = processNumber(text);
    if (pid === undefined) return;
    const isNew = pid !== this.#process;
    if (isNew && this.#process !== undefined) this.options.onProcessGone(this.#process);
    const now = performance.now();
    const passedUs = isNew ? 0 : (now - this.#lookedAt) * MS_US;
    this.#process = pid;
    this.#lookedAt = now;
    const names = new Map(this.options.pools().map((pool) => [pool.name, new Map(pool.servers.map((one) => [serverName(one), one.name]))]));
    const counts: Record<string, Record<string, ServerCounts>> = {};
    for (const stat of serverStats(text)) {
      const pool = poolOf(stat.backend);
      const server = names.get(pool)?.get(stat.server);
      if (server === undefined) continue;
      counts[pool] ??= {};
      const servers = counts[pool];
      const one = this.#countsOf(`${stat.backend} ${stat.server}`, stat, passedUs, isNew);
      servers[server] = servers[server] === undefined ? one : addCounts(servers[server], one);
    }
    this.options.onCounts(pid, counts);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }
}
