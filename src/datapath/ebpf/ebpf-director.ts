// The Director over pinned eBPF tables.

import type { Family } from '../../model/address.js';
import type { Change } from '../../model/change.js';
import type { DrainRecord } from '../../model/drain/drain.js';
import { messageOf } from '../../model/errors/message-of.js';
import { isRefusal, WeirError } from '../../model/errors/weir-error.js';
import { ftpPortsText } from '../../model/ftp-ports.js';
import { checkFullnat, checkOnePacket } from '../../model/fullnat.js';
import { serviceFamily } from '../../model/identity.js';
import { IpsecPolicies } from '../../model/ipsec-policy.js';
import { masquerades } from '../../model/masquerades.js';
import type { DestinationKey, DestinationSpec, ServiceKey, ServiceSpec, Timeouts } from '../../model/service.js';
import { isUnicast } from '../../model/unicast-address.js';
import { isSystemError } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { Lock, type LockWait } from '../../sys/files/lock.js';
import { ipsecPolicies } from '../../sys/netlink/ipsec-policies.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import type { InterfaceAddress } from '../../wire/rtnetlink-address.js';
import type { Director } from '../director.js';
import type { DrainTable } from '../drain-table.js';
import { Conf } from './abi.gen.js';
import { EbpfReader } from './ebpf-reader.js';
import { AttachedInterfaces } from './load/attached-interfaces.js';
import { ensureHelper } from './load/ensure-helper.js';
import { followFirewall } from './load/firewall-path.js';
import { ensureFullnat } from './load/fullnat.js';
import { followMarks, settleMarkPath } from './load/mark-path.js';
import type { OnNotice } from './load/refused-xdp.js';
import { ensureSideBuilds } from './load/side-builds.js';
import { growSideTables } from './load/side-growth.js';
import { ensureTunnels, noteTunnelSource } from './load/tunnels.js';
import { beginBatch, Dirty, endBatch, recover, writerOf } from './recovery/batch.js';
import { setTimeouts } from './recovery/intent.js';
import { broadcastsOf } from './table/broadcasts.js';
import { asksFirewall, decideForFirewall, firewallMode } from './table/firewall.js';
import { storeDrains } from './table/follow-holds.js';
import { checkReported, ftpPorts, isHelpedKey, isRead, storeFtpPorts } from './table/ftp.js';
import { marksBy, ownBy } from './table/host-marks.js';
import { schedulerOf, specOfService } from './table/identity.js';
import { hasMarks } from './table/marks.js';
import { Recent } from './table/recent-policies.js';
import { destinationIds } from './table/service-list.js';
import { writeSysctl } from './table/sysctls.js';
import { serviceEntries, specOfDestination } from './table/table-entries.js';
import type { Tables } from './table/tables.js';
import type { Writer } from './table/writer.js';
import { checkPresent } from './whole-read.js';

const TIMEOUT_SECONDS_MAX = 2678400;
/** How long a writer waits for another one, ms. */
export const WRITER_WAIT_MS = 30_000;

/** Called where services came or went. */
export interface OnServices {
  readonly onServices?: () => void;
}

export class EbpfDirector extends EbpfReader implements Director, DrainTable {
  /** Of the networks that the host is on: no destinations. */
  readonly broadcasts: ReadonlySet<number>;
  readonly #writer: Writer;
  readonly #onServices: () => void;
  #held = 0;
  #lock: Lock | undefined;
  #inBatch = false;
  /** Marks went, or what came was taken back: when all is done, the path of their packets follows. */
  #marksChanged = false;
  /** Services came or went: then the path by the packet filter follows. */
  #servicesChanged = false;
  /** Of marks that came: without a path for their packets the change is refused. */
  readonly #newMarks = new Set<Family>();

  constructor(
    tables: Tables,
    lockPath: string,
    /** Of this host. */
    readonly addresses: readonly InterfaceAddress[] = [],
    { onServices = () => {}, ...wait }: LockWait & OnServices = {},
  ) {
    super(tables, lockPath, { waitMs: WRITER_WAIT_MS, ...wait });
    this.#onServices = onServices;
    this.broadcasts = broadcastsOf(addresses);
    const isOwn = ownBy(addresses);
    const policies = new Recent(() => new IpsecPolicies(ipsecPolicies(), isOwn));
    this.#writer = writerOf(
      tables,
      marksBy(isOwn, () => policies.get()),
    );
  }

  get #onNotice(): OnNotice {
    return this.wait.onWait ?? (() => {});
  }

  check(change: Change): void {
    switch (change.kind) {
      case 'add-service':
      case 'edit-service':
        schedulerOf(change.spec);
        return;
      case 'add-destination':
      case 'edit-destination':
        checkDestination(change.service, change.spec);
        checkReported(isHelpedKey(this.tables, change.service), change.spec);
        // One that is there may be given another weight also when a network came whose broadcast address it is.
        if (change.kind === 'edit-destination' || isUnicast(change.spec.address, this.broadcasts)) return;
        throw new WeirError('destination-not-unicast');
    }
  }

  /** Loads what a service needs beside the programs on the links. The caller holds the lock. @throws as ensureSideBuilds */
  ensureBuilds(service: Pick<ServiceSpec, 'key'>): void {
    ensureSideBuilds(this.tables, service, this.#onNotice);
  }

  addService(spec: ServiceSpec): void {
    this.#locked(() => {
      this.#changing(() => {
        ensureSideBuilds(this.tables, spec, this.#onNotice);
        growSideTables(this.tables, spec.key, this.#onNotice);
        this.#writer.addService(spec);
        this.#servicesChanged = true;
      });
      if (spec.key.kind !== 'fwmark') return;
      this.#newMarks.add(spec.key.family);
      if (this.#inBatch) return;
      try {
        this.#leadNewMarks();
      } catch (error) {
        this.deleteService(spec.key);
        throw error;
      }
    });
  }

  editService(spec: ServiceSpec): void {
    this.#changing(() => {
      const id = this.#writer.serviceId(spec.key);
      const specs = spec.onePacket ? destinationIds(this.tables, id).map((dest) => specOfDestination(this.tables, dest)) : [];
      checkOnePacket(spec, specs);
      ensureSideBuilds(this.tables, spec, this.#onNotice);
      growSideTables(this.tables, spec.key, this.#onNotice);
      this.#writer.editService(spec);
    });
  }

  deleteService(key: ServiceKey): void {
    this.#changing(() => {
      this.#writer.deleteService(key);
      this.#servicesChanged = true;
      if (key.kind === 'fwmark') this.#marksChanged = true;
    });
  }

  addDestination(service: ServiceKey, spec: DestinationSpec): void {
    this.#changing(() => {
      const id = this.#writer.serviceId(service);
      this.check({ kind: 'add-destination', service, spec });
      checkOnePacket(specOfService(this.tables.services, id), [spec]);
      this.#ensurePrograms(service, spec);
      this.#writer.addDestination(service, spec);
      this.#noteTunnel(service, spec);
    });
  }

  editDestination(service: ServiceKey, spec: DestinationSpec): void {
    this.#changing(() => {
      const id = this.#writer.serviceId(service);
      this.check({ kind: 'edit-destination', service, spec });
      checkReported(isRead(this.tables, this.#writer.destinationId(service, spec)), spec);
      checkOnePacket(specOfService(this.tables.services, id), [spec]);
      this.#ensurePrograms(service, spec);
      this.#writer.editDestination(service, spec);
      this.#noteTunnel(service, spec);
    });
  }

  /** Loads what packets to the destination need: the programs of tunnels or of FULLNAT, or the helper for FTP. */
  #ensurePrograms(service: ServiceKey, { method }: DestinationSpec): void {
    if (method === 'tunnel') ensureTunnels(this.tables, serviceFamily(service));
    if (method === 'fullnat') ensureFullnat(this.tables, service);
    if (masquerades({ method }) && isHelpedKey(this.tables, service))
      ensureSideBuilds(this.tables, { key: service, helped: true }, this.#onNotice);
  }

  #noteTunnel(service: ServiceKey, spec: DestinationSpec): void {
    if (spec.method === 'tunnel') noteTunnelSource(this.tables, this.#writer.destinationId(service, spec), spec.address);
  }

  deleteDestination(service: ServiceKey, key: DestinationKey): void {
    this.#changing(() => this.#writer.deleteDestination(service, key));
  }

  flush(): void {
    this.#changing(() => {
      this.#writer.flush(serviceEntries(this.tables).map(({ spec }) => spec.key));
      this.#marksChanged = hasMarks(this.tables);
      this.#servicesChanged = true;
    });
  }

  setDrainRecord(record: DrainRecord): void {
    this.#locked(() => storeDrains(this.tables, record, (work) => this.#changing(work)));
  }

  zero(service?: ServiceKey): void {
    this.#changing(() => {
      if (service !== undefined) return this.#writer.zero(this.#writer.serviceId(service));
      this.#writer.zero(0);
      for (const { spec } of serviceEntries(this.tables)) this.#writer.zero(this.#writer.serviceId(spec.key));
    });
  }

  /** The ports of services with the helper for FTP. Returns whether they are others than before. */
  setFtpPorts(ports: readonly number[]): boolean {
    return this.#locked(() => {
      if (ftpPortsText(ftpPorts(this.tables)) === ftpPortsText(ports)) return false;
      this.#changing(() => {
        ensureHelper(this.tables, ports, this.#onNotice);
        storeFtpPorts(this.tables, ports);
        this.#writer.followFtpPorts();
      });
      return true;
    });
  }

  setTimeouts(timeouts: Timeouts): void {
    if (Object.values(timeouts).some((seconds) => !Number.isInteger(seconds) || seconds < 0 || seconds > TIMEOUT_SECONDS_MAX))
      throw new WeirError('timeout-range', { max: TIMEOUT_SECONDS_MAX });
    this.#changing(() => setTimeouts(this.tables, timeouts));
  }

  setSysctl(name: string, value: string): void {
    this.#changing(() => {
      writeSysctl(this.tables.conf, name, value);
      this.#servicesChanged = true; // what begins a connection of TCP is a setting
    });
  }

  /** All changes of `work` or none, also when this process is killed. What -Z hid of the counters stays hidden. */
  atomically<T>(work: () => T): T {
    return this.#locked(() => {
      if (this.#inBatch) return work();
      beginBatch(this.tables);
      this.#inBatch = true;
      try {
        const done = work();
        this.#leadNewMarks();
        endBatch(this.tables);
        return done;
      } catch (error) {
        this.#newMarks.clear();
        this.#servicesChanged = true;
        this.#takeBack(error);
        throw error;
      } finally {
        this.#inBatch = false;
      }
    });
  }

  decideFirewall(passes: boolean): boolean {
    return this.#locked(() => {
      if (firewallMode(this.tables) === 'auto' && asksFirewall(this.tables) !== passes) {
        decideForFirewall(this.tables, passes);
        this.#withInterfaces((netlink, interfaces) => followFirewall(netlink, interfaces, this.#onNotice));
      }
      return this.passesFirewall();
    });
  }

  exclusively<T>(work: () => T): T {
    return this.#locked(work);
  }

  override close(): void {
    this.#lock?.release();
    this.#lock = undefined;
    this.#held = 0;
  }

  #takeBack(failure: unknown): void {
    try {
      recover(this.tables);
    } catch (obstacle) {
      throw isRefusal(obstacle)
        ? new WeirError('change-not-undone', { failure: messageOf(failure), obstacle: obstacle.message })
        : obstacle;
    }
  }

  /** Under the exclusive lock; may be entered again from within. */
  #locked<T>(work: () => T): T {
    if (this.#held === 0) this.#lock = Lock.take(this.lockPath, this.wait);
    this.#held++;
    try {
      checkPresent(this.tables);
      // Whoever held the lock before may have died at work.
      if (this.#held === 1) recover(this.tables);
      return this.#held === 1 ? this.#followed(work) : work();
    } finally {
      this.#held--;
      if (this.#held === 0) {
        this.#lock?.release();
        this.#lock = undefined;
      }
    }
  }

  /** @throws WeirError mark-path-refused: what was added must be taken back, and the path follows then */
  #leadNewMarks(): void {
    const families = [...this.#newMarks];
    this.#newMarks.clear();
    if (families.length === 0) return;
    try {
      this.#withInterfaces((netlink, interfaces) => settleMarkPath(netlink, interfaces, families));
    } catch (error) {
      this.#marksChanged = true;
      if (!isSystemError(error)) throw error;
      throw new WeirError('mark-path-refused', { why: error.message }, { cause: error });
    }
  }

  /** Then the path of packets with marks follows, also where `work` failed: what it threw counts. */
  #followed<T>(work: () => T): T {
    let done: T;
    try {
      done = work();
    } catch (error) {
      try {
        this.#followMarks();
      } catch (obstacle) {
        this.#onNotice(messageOf(obstacle));
      }
      throw error;
    }
    this.#followMarks();
    return done;
  }

  #followMarks(): void {
    const [marks, firewall] = [this.#marksChanged, this.#servicesChanged && asksFirewall(this.tables)];
    if (this.#servicesChanged) this.#onServices();
    [this.#marksChanged, this.#servicesChanged] = [false, false];
    if (!marks && !firewall) return;
    this.#withInterfaces((netlink, interfaces) => {
      if (marks) followMarks(netlink, interfaces, this.#onNotice);
      if (firewall) followFirewall(netlink, interfaces, this.#onNotice);
    });
  }

  #withInterfaces(work: (netlink: Netlink, interfaces: AttachedInterfaces) => void): void {
    using(new Netlink(), (netlink) =>
      work(netlink, new AttachedInterfaces(this.tables.folder, this.tables, netlink, undefined, this.#onNotice)),
    );
  }

  /** A change of the table: marked while it lasts, so that the next writer repairs it should we die in between. */
  #changing(work: () => void): void {
    this.#locked(() => {
      const { conf } = this.tables;
      const outer = conf.get(0, Conf.dirty);
      if (outer === Dirty.none) conf.set(0, Conf.dirty, Dirty.change);
      try {
        work();
      } catch (error) {
        if (isRefusal(error)) conf.set(0, Conf.dirty, outer);
        throw error;
      }
      conf.set(0, Conf.generation, (conf.get(0, Conf.generation) + 1) >>> 0);
      this.#writer.committed();
      conf.set(0, Conf.dirty, outer);
    });
  }

  protected override reading<T>(work: () => T): T {
    return this.#held > 0 ? work() : super.reading(work);
  }
}

function checkDestination(service: ServiceKey, spec: DestinationSpec): void {
  const { weight, lowerThreshold, upperThreshold } = spec;
  if (weight < 0) throw new WeirError('weight-negative', { weight });
  if (lowerThreshold > upperThreshold) throw new WeirError('thresholds-crossed');
  if (spec.address.family !== serviceFamily(service) && spec.method !== 'tunnel') throw new WeirError('destination-family');
  if (spec.tunnel.type === 'gue' && spec.method === 'tunnel' && spec.tunnel.port === 0) throw new WeirError('gue-without-port');
  checkFullnat(service, spec);
}
