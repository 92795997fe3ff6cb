// The Director over pinned eBPF tables.
import type {
  ConnectionEntry,
  DestinationKey,
  DestinationSpec,
  ServiceEntry,
  ServiceKey,
  ServiceSpec,
  Stats,
  Timeouts,
} from '../../model/service.js';
import { Lock } from '../../sys/lock.js';
import type { CpuStats } from '../cpu-stats.js';
import { type Director, NotTakenBack, Refusal } from '../director.js';
import { Abi, Conf, Drops, REASONS } from './abi.gen.js';
import { beginBatch, clockOf, Dirt, endBatch, recover, writerOf } from './batch.js';
import { secondsOf } from './clock.js';
import { setTimeoutsAtOnce } from './intent.js';
import { connectionEntries, cpuTotals, serviceEntries, serviceEntry, statsOf } from './reader.js';
import { readSysctls, writeSysctl } from './sysctls.js';
import type { Tables } from './tables.js';
import { ESTABLISHED, FIN_WAIT } from './timeouts.js';
import { isUnicast } from './unicast.js';
import type { Writer } from './writer.js';

const LONGEST_TIMEOUT = 2678400;
const LOCK_WAIT_MS = 15000;
const IPVS_VERSION = [1, 2, 1] as const;

export interface DropCount {
  readonly key: string;
  readonly text: string;
  readonly count: bigint;
}

export class EbpfDirector implements Director, CpuStats {
  readonly #writer: Writer;
  #held = 0;
  #lock: Lock | undefined;
  #inBatch = false;

  constructor(
    readonly tables: Tables,
    private readonly lockPath: string,
    /** Of the networks that the host is on: no destinations. */
    private readonly broadcasts: ReadonlySet<number> = new Set(),
  ) {
    this.#writer = writerOf(tables);
  }

  info(): { readonly version: readonly [number, number, number]; readonly connTabSize: number } {
    return { version: IPVS_VERSION, connTabSize: 2 ** this.tables.conf.get(0, Conf.connTabBits) };
  }

  services(): readonly ServiceEntry[] {
    return this.#reading(() => serviceEntries(this.tables));
  }

  service(key: ServiceKey): ServiceEntry {
    return this.#reading(() => serviceEntry(this.tables, this.#writer.serviceId(key)));
  }

  addService(spec: ServiceSpec): void {
    refuseLaterService(spec);
    this.#changing(() => this.#writer.addService(spec));
  }

  editService(spec: ServiceSpec): void {
    refuseLaterService(spec);
    this.#changing(() => this.#writer.editService(spec));
  }

  deleteService(key: ServiceKey): void {
    this.#changing(() => this.#writer.deleteService(key));
  }

  addDestination(service: ServiceKey, spec: DestinationSpec): void {
    this.#changing(() => {
      this.#writer.serviceId(service);
      checkDestination(spec);
      if (!isUnicast(spec.address, this.broadcasts)) throw new Refusal('EINVAL', 'a destination is a unicast address');
      this.#writer.addDestination(service, spec);
    });
  }

  editDestination(service: ServiceKey, spec: DestinationSpec): void {
    this.#changing(() => {
      this.#writer.serviceId(service);
      checkDestination(spec);
      this.#writer.editDestination(service, spec);
    });
  }

  deleteDestination(service: ServiceKey, key: DestinationKey): void {
    this.#changing(() => this.#writer.deleteDestination(service, key));
  }

  flush(): void {
    this.#changing(() => {
      this.#writer.flush(serviceEntries(this.tables).map(({ spec }) => spec.key));
    });
  }

  zero(service?: ServiceKey): void {
    this.#changing(() => {
      if (service !== undefined) return this.#writer.zero(this.#writer.serviceId(service));
      this.#writer.zero(0);
      for (const { spec } of serviceEntries(this.tables)) this.#writer.zero(this.#writer.serviceId(spec.key));
    });
  }

  timeouts(): Timeouts {
    const { conf } = this.tables;
    const hz = conf.get(0, Conf.hz);
    const seconds = (units: number): number => Math.round(secondsOf(units, hz));
    return {
      tcp: seconds(conf.get(0, Conf.tcpTimeout, ESTABLISHED)),
      tcpFin: seconds(conf.get(0, Conf.tcpTimeout, FIN_WAIT)),
      udp: seconds(conf.get(0, Conf.udpTimeout)),
    };
  }

  setTimeouts(timeouts: Timeouts): void {
    const bad = Object.values(timeouts).some((seconds) => !Number.isInteger(seconds) || seconds < 0 || seconds > LONGEST_TIMEOUT);
    if (bad) throw new Refusal('EINVAL', `timeouts are 0 to ${LONGEST_TIMEOUT} s`);
    this.#changing(() => setTimeoutsAtOnce(this.tables, timeouts));
  }

  totals(): Stats {
    return statsOf(this.tables, 0);
  }

  totalsByCpu(): readonly Stats[] {
    return cpuTotals(this.tables);
  }

  connections(): Iterable<ConnectionEntry> {
    return connectionEntries(this.tables, clockOf(this.tables));
  }

  sysctls(): ReadonlyMap<string, string> {
    return readSysctls(this.tables.conf);
  }

  setSysctl(name: string, value: string): void {
    this.#changing(() => writeSysctl(this.tables.conf, name, value));
  }

  /** Packets dropped, or passed on unbalanced, by reason, since loading. */
  dropCounts(): readonly DropCount[] {
    const { drops } = this.tables;
    return REASONS.map(({ key, text }, reason) => {
      let count = 0n;
      for (let cpu = 0; cpu < drops.count; cpu++) count += drops.big(cpu, Drops.count, reason);
      return { key, text, count };
    }).slice(1);
  }

  /** Also when this process is killed. What -Z hid of the counters stays hidden. */
  atomically<T>(work: () => T): T {
    return this.#holding(() => {
      if (this.#inBatch) return work();
      beginBatch(this.tables, this.lockPath);
      this.#inBatch = true;
      try {
        const done = work();
        endBatch(this.tables, this.lockPath);
        return done;
      } catch (error) {
        this.#takeBack(error);
        throw error;
      } finally {
        this.#inBatch = false;
      }
    });
  }

  close(): void {
    this.#lock?.release();
    this.#lock = undefined;
    this.#held = 0;
  }

  #takeBack(failure: unknown): void {
    try {
      recover(this.tables, this.lockPath);
    } catch (obstacle) {
      throw obstacle instanceof Refusal ? new NotTakenBack(failure, obstacle) : obstacle;
    }
  }

  /** Under the exclusive lock; may be entered again from within. */
  #holding<T>(work: () => T): T {
    if (this.#held === 0) this.#lock = Lock.take(this.lockPath, { waitMs: LOCK_WAIT_MS });
    this.#held++;
    try {
      this.#checkPresent();
      // Whoever held the lock before may have died at work.
      if (this.#held === 1) recover(this.tables, this.lockPath);
      return work();
    } finally {
      this.#held--;
      if (this.#held === 0) {
        this.#lock?.release();
        this.#lock = undefined;
      }
    }
  }

  /** A change of the table: marked while it lasts, so that the next writer repairs it should we die in between. */
  #changing(work: () => void): void {
    this.#holding(() => {
      const { conf } = this.tables;
      const outer = conf.get(0, Conf.dirty);
      if (outer === Dirt.none) conf.set(0, Conf.dirty, Dirt.change);
      try {
        work();
      } catch (error) {
        if (error instanceof Refusal) conf.set(0, Conf.dirty, outer);
        throw error;
      }
      conf.set(0, Conf.generation, (conf.get(0, Conf.generation) + 1) >>> 0);
      this.#writer.committed();
      conf.set(0, Conf.dirty, outer);
    });
  }

  /** @throws Error when the datapath was taken out of the namespace since this was opened */
  #checkPresent(): void {
    if (this.tables.conf.get(0, Conf.magic) !== Abi.WEIR_MAGIC) throw new Error('weir: the datapath was unloaded meanwhile: try again');
  }

  #reading<T>(work: () => T): T {
    if (this.#held > 0) return work();
    const lock = Lock.take(this.lockPath, { kind: 'shared', waitMs: LOCK_WAIT_MS });
    try {
      this.#checkPresent();
      if (this.tables.conf.get(0, Conf.dirty) === Dirt.none) return work();
    } finally {
      lock.release();
    }
    return this.#holding(work); // which repairs
  }
}

function later(what: string): never {
  throw new Refusal('EOPNOTSUPP', `${what} are not there yet`);
}

function refuseLaterService({ key, persistence, onePacket, schedFlags }: ServiceSpec): void {
  if (key.kind === 'fwmark') later('firewall-mark services (-f)');
  if (key.address.family === 'inet6') later('IPv6 services');
  if (key.protocol === 'sctp') later('SCTP services');
  if (persistence !== undefined) later('persistent services (-p)');
  if (onePacket) later('one-packet services (-o)');
  if (schedFlags !== 0) later('scheduler flags (-b)');
}

function checkDestination({ weight, upperThreshold, lowerThreshold, method, address }: DestinationSpec): void {
  if (weight < 0 || lowerThreshold > upperThreshold) throw new Refusal('ERANGE', 'weight below 0, or lower threshold above the upper one');
  if (method === 'tunnel') later('tunnel destinations (-i)');
  if (upperThreshold !== 0) later('connection thresholds (-x, -y)');
  if (address.family === 'inet6') later('IPv6 destinations');
}
