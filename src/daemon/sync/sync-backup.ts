// The backup of the kernel's connection synchronisation: what a master announces goes into this director's tables.
import { connectionOf } from '../../control/sync/kernel-entries.js';
import { Unbound } from '../../control/sync/unbound.js';
import type { EbpfDirector } from '../../datapath/ebpf/ebpf-director.js';
import { ForeignConnections } from '../../datapath/ebpf/sync/foreign-connections.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Applied, ForeignConnection } from '../../model/foreign-connection.js';
import type { Log } from '../../model/log-level.js';
import type { DaemonSettings } from '../../model/sync-daemon.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { type Watch, whenReadable } from '../../sys/readable.js';
import { MulticastReceiver } from '../../sys/sockets/multicast.js';
import { decodeSyncMessage, type SyncRefusal } from '../../wire/sync-message.js';

/** A burst of 40,000 messages waits: the kernel's usual buffer holds 92. */
const QUEUE_BYTES = 64 << 20;
/** Messages that are read before their connections go into the tables. */
const READ_MAX = 256;
/** What waits for the table's lock; more is dropped, and counted. */
const PENDING_MAX = 1_000_000;
/** The socket is opened again, and what waits is tried again. */
const RETRY_MS = 1000;

export interface BackupOptions {
  readonly settings: DaemonSettings;
  readonly open: () => EbpfDirector;
  readonly log: Log;
}

export interface BackupCounts {
  readonly messages: number;
  readonly entries: number;
  /** Messages and entries that were not taken, by reason. */
  readonly refused: Readonly<Partial<Record<SyncRefusal, number>>>;
  /** What became of connections. */
  readonly applied: Readonly<Partial<Record<Applied, number>>>;
  /** Entries that mean nothing here: templates. */
  readonly passedOver: number;
  readonly overrun: number;
  /** That wait for a service or a server. */
  readonly unbound: number;
}

type Counted<K extends string> = Partial<Record<K, number>>;

function count<K extends string>(counts: Counted<K>, name: K, more = 1): void {
  counts[name] = (counts[name] ?? 0) + more;
}

export class SyncBackup {
  readonly #counts = { messages: 0, entries: 0, passedOver: 0, overrun: 0 };
  readonly #refused: Counted<SyncRefusal> = {};
  readonly #applied: Counted<Applied> = {};
  readonly #unbound = new Unbound();
  readonly #tables: ForeignConnections;
  readonly #timer: NodeJS.Timeout;
  #receiver: MulticastReceiver | undefined;
  #watch: Watch | undefined;
  #pending: ForeignConnection[] = [];
  #generation: number | undefined;
  #failure = '';

  constructor(readonly options: BackupOptions) {
    this.#tables = new ForeignConnections(options.open);
    this.#timer = setInterval(() => this.#retry(), RETRY_MS);
    this.#listen();
  }

  get counts(): BackupCounts {
    return { ...this.#counts, refused: this.#refused, applied: this.#applied, unbound: this.#unbound.size };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#read();
    this.#closeReceiver();
    this.#tables.close();
  }

  #closeReceiver(): void {
    this.#watch?.stop();
    this.#receiver?.close();
    this.#watch = this.#receiver = undefined;
  }

  #listen(): void {
    const { settings } = this.options;
    try {
      const ifindex = native().ifNameToIndex(settings.interface);
      this.#receiver = new MulticastReceiver({ ...settings, ifindex }, settings.maxLength, QUEUE_BYTES);
      this.#watch = whenReadable(this.#receiver.fd, () => this.#read());
      this.#failed('');
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#failed(reasonOf(error));
    }
  }

  #failed(why: string): void {
    const { settings, log } = this.options;
    if (why === this.#failure) return;
    this.#failure = why;
    if (why !== '') log('warning', `cannot listen to the group by ${settings.interface}: ${why}`);
    else log('info', `listens to the group by ${settings.interface}`);
  }

  #read(): void {
    for (let k = 0; k < READ_MAX; k++) {
      const message = this.#receive();
      if (message === undefined) break;
      this.#take(message);
    }
    this.#apply();
  }

  /** The interface may have gone. */
  #receive(): Uint8Array | undefined {
    try {
      return this.#receiver?.receive();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#failed(reasonOf(error));
      this.#closeReceiver();
      return undefined;
    }
  }

  #take(message: Uint8Array): void {
    const { entries, refused } = decodeSyncMessage(message, this.options.settings);
    this.#counts.messages += 1;
    this.#counts.entries += entries.length;
    for (const [reason, times] of refused) count(this.#refused, reason, times);
    for (const entry of entries) {
      const connection = connectionOf(entry);
      if (connection === undefined) this.#counts.passedOver += 1;
      else if (this.#pending.length < PENDING_MAX) this.#pending.push(connection);
      else this.#counts.overrun += 1;
    }
  }

  #apply(): void {
    if (this.#pending.length === 0) return;
    const connections = this.#pending;
    let answers: readonly Applied[];
    try {
      answers = this.#tables.apply(connections);
    } catch (error) {
      if (!isWeirError(error, 'lock-busy')) throw error;
      return; // they wait
    }
    this.#pending = [];
    for (const [k, answer] of answers.entries()) {
      count(this.#applied, answer);
      const connection = connections[k];
      if (connection === undefined) continue;
      if (answer === 'busy') this.#pending.push(connection);
      if (answer === 'unbound' && !this.#unbound.keep(connection, monotonicUs())) this.#counts.overrun += 1;
    }
  }

  /** Services and servers may have come for what had none. */
  #retry(): void {
    if (this.#receiver === undefined) this.#listen();
    const generation = this.#tables.generation;
    if (generation !== this.#generation) this.#pending.push(...this.#unbound.take(monotonicUs()));
    this.#generation = generation;
    this.#apply();
  }
}
