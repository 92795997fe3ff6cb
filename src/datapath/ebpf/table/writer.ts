// Changes to the table. Each has one store that makes it true. repair.ts undoes what a dead writer stored before it, and completes what is
// missing after it, so that a writer may die at any point.

import type { Address, Family } from '../../../model/address.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { masquerades } from '../../../model/masquerades.js';
import type { DestinationKey, DestinationSpec, ServiceKey, ServiceSpec } from '../../../model/service.js';
import { swap16 } from '../../../wire/bytes.js';
import { Abi, Conf, Dest, Service, WeirState } from '../abi.gen.js';
import { describe, finish, intendFlush, redescribe } from '../recovery/intent.js';
import { beginningFlags } from './beginning-flags.js';
import { estimateOf } from './counted.js';
import { flagsOfAdded } from './destination-flags.js';
import { DestinationIndex } from './destination-index.js';
import { recordedHold } from './drain-record.js';
import { type EndpointRef, EndpointTable, keyOf } from './endpoint-table.js';
import { noteFragmentServer } from './fragment-servers.js';
import { FreeRecords } from './free-records.js';
import { helpDestination, isHelpOver, isReal, leaveDestination } from './ftp.js';
import { FullnatPools } from './fullnat-pools.js';
import { hideAllCounted, hideCounters } from './hide-counters.js';
import { HOST_MARKS, type MarksOf } from './host-marks.js';
import { flagsOf, ftpDataEndpoint, realEndpoint, schedulerOf, serviceEndpoint } from './identity.js';
import { noteMarks, roomForMark } from './marks.js';
import { writePersistence } from './persistence.js';
import { recordedWords, storeAddress } from './record-address.js';
import { RemovedDestinations } from './removed-destinations.js';
import { giveRingBack, roomForRing } from './rings.js';
import { destinationIds, joined, noteMasquerading, rescheduled, reweighted, startScheduler, storeScheduler } from './service-list.js';
import { liveService } from './table-entries.js';
import type { Tables } from './tables.js';

/** Of a mark's service. */
const NO_ADDRESS: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0] },
  inet6: { family: 'inet6', words: [0, 0, 0, 0] },
};

export class Writer {
  readonly #endpoints: EndpointTable;
  readonly #index: DestinationIndex;
  readonly #removed: RemovedDestinations;
  readonly #free: FreeRecords;

  /**
   * `clock`: the datapath's time; `trashUnits`: how long a removed record is kept after its last connection; `marksOf`: of what is added. Where that is
   * absent, one that comes back keeps the marks that it had.
   */
  constructor(
    readonly tables: Tables,
    readonly clock: () => number,
    readonly trashUnits: number,
    readonly marksOf?: MarksOf,
  ) {
    this.#endpoints = new EndpointTable(tables);
    this.#index = new DestinationIndex(tables);
    this.#removed = new RemovedDestinations(tables);
    this.#free = new FreeRecords(tables, this.#endpoints, { clock, trashUnits, free: (id) => this.#freeDestination(id) });
  }

  /** @throws WeirError service-missing */
  serviceId(key: ServiceKey): number {
    return liveService(this.tables, this.#endpoints, key);
  }

  /** `isRestored`: it was there before, when more marks may have been allowed. */
  addService(spec: ServiceSpec, isRestored = false): void {
    const { services } = this.tables;
    const endpoint = serviceEndpoint(this.tables, spec.key);
    const known = this.#endpoints.find(endpoint);
    if (known !== 0 && services.get(known, Service.state) === WeirState.LIVE) throw new WeirError('service-exists');
    if (!isRestored) roomForMark(this.tables, spec.key);
    const scheduler = schedulerOf(spec);
    if (known === 0) roomForRing(this.tables, 0, scheduler); // where it is refused, no record is made
    const id = known === 0 ? this.#newService(spec) : known;
    services.set(id, Service.head, 0);
    startScheduler(this.tables, id, scheduler, this.#flagsFor(id, spec));
    hideCounters(this.tables, id);
    services.set(id, Service.order, this.tables.conf.get(0, Conf.order));
    this.tables.conf.set(0, Conf.order, this.tables.conf.get(0, Conf.order) + 1);
    if (known === 0 && !this.#endpoints.put(endpoint, id)) {
      giveRingBack(this.tables, id);
      throw new WeirError('table-full', { what: 'the address in the table' });
    }
    this.#noteMarks(spec.key);
    services.set(id, Service.state, WeirState.LIVE);
    this.#countServices(1);
  }

  editService(spec: ServiceSpec): void {
    const id = this.serviceId(spec.key);
    const scheduler = schedulerOf(spec);
    const { services } = this.tables;
    // A build that knew no data connections of FTP may have added them.
    for (const dest of destinationIds(this.tables, id))
      if ((this.tables.dests.get(dest, Dest.flags) & Abi.D_REAL) !== 0) this.#answerData(dest);
    this.#noteMarks(spec.key);
    const flags = this.#flagsFor(id, spec);
    if (services.get(id, Service.scheduler) !== scheduler) startScheduler(this.tables, id, scheduler, flags);
    else storeScheduler(this.tables, id, scheduler, flags);
  }

  deleteService(key: ServiceKey): void {
    const id = this.serviceId(key);
    const ids = destinationIds(this.tables, id);
    this.tables.services.set(id, Service.state, WeirState.DEAD);
    this.tables.services.set(id, Service.head, 0);
    giveRingBack(this.tables, id);
    for (const dest of ids) this.retire(dest);
    hideAllCounted(this.tables, id, ids);
    this.#countServices(-1);
  }

  /** The number of a destination. @throws WeirError service-missing, destination-missing */
  destinationId(key: ServiceKey, which: DestinationKey): number {
    const id = this.#find(this.serviceId(key), which);
    if (id === undefined) throw new WeirError('destination-missing');
    return id;
  }

  /** Removes all services; `keys`: of them. */
  flush(keys: readonly ServiceKey[]): void {
    intendFlush(this.tables);
    for (const key of keys) this.deleteService(key);
    finish(this.tables);
  }

  addDestination(key: ServiceKey, spec: DestinationSpec): void {
    const service = this.serviceId(key);
    if (this.#find(service, spec) !== undefined) throw new WeirError('destination-exists');
    const { services, dests } = this.tables;
    const id = this.#retired(service, spec) ?? this.#newDestination(service, spec);
    if (spec.method === 'fullnat') new FullnatPools(this.tables).assign(id, spec);
    describe(this.tables, id, spec, recordedHold(this.tables, key, spec));
    dests.set(id, Dest.next, services.get(service, Service.head));
    if (masquerades(spec)) this.#answerReplies(id);
    dests.set(id, Dest.state, WeirState.LIVE);
    const flags = dests.get(id, Dest.flags);
    const marks = this.marksOf?.(key, spec) ?? flags & HOST_MARKS;
    dests.set(id, Dest.flags, flagsOfAdded(flags, spec) | marks);
    if (spec.method === 'fullnat') helpDestination(this.tables, id);
    services.set(service, Service.head, id);
    joined(this.tables, service, dests.get(id, Dest.weight));
    this.#index.note(id);
  }

  editDestination(key: ServiceKey, spec: DestinationSpec): void {
    const service = this.serviceId(key);
    const id = this.#find(service, spec);
    if (id === undefined) throw new WeirError('destination-missing');
    this.#checkFullnatChange(id, spec);
    if (spec.method === 'fullnat') new FullnatPools(this.tables).assign(id, spec);
    if (masquerades(spec)) this.#answerReplies(id); // the one step that can be refused comes first
    if (spec.method === 'tunnel') this.tables.dests.set(id, Dest.flags, this.tables.dests.get(id, Dest.flags) | Abi.D_TUNNEL);
    this.#setFlag(id, Abi.D_FULLNAT, spec.method === 'fullnat');
    redescribe(this.tables, id, spec, recordedHold(this.tables, key, spec));
    if (spec.method === 'fullnat') helpDestination(this.tables, id);
    reweighted(this.tables, service);
  }

  deleteDestination(key: ServiceKey, which: DestinationKey): void {
    const service = this.serviceId(key);
    const id = this.#find(service, which);
    if (id === undefined) throw new WeirError('destination-missing');
    const { services, dests } = this.tables;
    const ids = destinationIds(this.tables, service);
    const before = ids[ids.indexOf(id) - 1] ?? 0;
    const after = dests.get(id, Dest.next);
    if (before === 0) services.set(service, Service.head, after);
    else dests.set(before, Dest.next, after);
    // rr continues after the destination before
    services.swap(service, Service.cursor, id, before);
    this.retire(id);
    rescheduled(this.tables, service);
  }

  /** Counters and rates of a service (0: the totals) and its destinations start from 0. */
  zero(service: number): void {
    hideCounters(this.tables, service);
    if (service !== 0) for (const id of destinationIds(this.tables, service)) hideCounters(this.tables, estimateOf(this.tables, id));
  }

  /** Retires a destination that left its list: it gets no more packets, and its record stays while connections name it. */
  retire(id: number): void {
    const { dests } = this.tables;
    this.#removed.add(id);
    dests.set(id, Dest.idleSince, this.clock());
    dests.set(id, Dest.state, WeirState.DEAD);
    this.#index.note(id);
  }

  /** The ports of services with the helper for FTP were chosen, or its program was loaded: destinations follow. */
  followFtpPorts(): void {
    for (let id = 1; id <= this.tables.conf.get(0, Conf.destTop); id++) {
      if (this.tables.dests.get(id, Dest.state) === WeirState.FREE || !isReal(this.tables, id)) continue;
      helpDestination(this.tables, id);
      if ((this.tables.dests.get(id, Dest.flags) & Abi.D_FULLNAT) !== 0) new FullnatPools(this.tables).followFtpPorts(id);
      this.#answerData(id);
      if (!isHelpOver(this.tables, id)) continue;
      this.#forgetData(id);
      leaveDestination(this.tables, id);
      this.#answerData(id);
    }
  }

  /** Called when this process's change has raised the generation. */
  committed(): void {
    this.#index.keepUp();
    this.#removed.committed();
  }

  /** Adds a masqueraded destination's endpoint to the table by which packets find it for its replies. @throws WeirError table-full */
  #answerReplies(id: number): void {
    const { dests } = this.tables;
    helpDestination(this.tables, id);
    const flags = dests.get(id, Dest.flags);
    this.#answerData(id);
    if ((flags & Abi.D_REAL) === 0) {
      const endpoint = realEndpoint(this.tables, id);
      dests.set(id, Dest.nextSame, this.#endpoints.find(endpoint));
      if (!this.#endpoints.put(endpoint, id)) throw new WeirError('table-full', { what: 'the address in the table' });
      dests.set(id, Dest.flags, flags | Abi.D_REAL);
    }
    noteMasquerading(this.tables, id);
    noteFragmentServer(this.tables, id);
  }

  /**
   * Adds the endpoint by which packets of FTP's data connections find their destination; any one with the address will do.
   * @throws WeirError table-full
   */
  #answerData(id: number): void {
    const endpoint = ftpDataEndpoint(this.tables, id);
    if (endpoint === undefined || this.#endpoints.find(endpoint) !== 0) return;
    if (!this.#endpoints.put(endpoint, id)) throw new WeirError('table-full', { what: 'the address in the table' });
  }

  #forgetData(id: number): void {
    const endpoint = ftpDataEndpoint(this.tables, id);
    if (endpoint === undefined || this.#endpoints.find(endpoint) !== id) return;
    const other = this.#withData(endpoint, id);
    if (other === undefined) this.#endpoints.remove(endpoint);
    else this.#endpoints.put(endpoint, other);
  }

  /** Another destination that packets find by this endpoint. */
  #withData(endpoint: EndpointRef, than: number): number | undefined {
    const { dests, conf } = this.tables;
    const address = String(recordedWords(dests, Dest, than));
    for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
      if (id === than || dests.get(id, Dest.state) === WeirState.FREE || (dests.get(id, Dest.flags) & Abi.D_REAL) === 0) continue;
      const own = ftpDataEndpoint(this.tables, id);
      if (own !== undefined && keyOf(own) === keyOf(endpoint) && String(recordedWords(dests, Dest, id)) === address) return id;
    }
    return undefined;
  }

  #forgetReplies(id: number): void {
    const { dests } = this.tables;
    if ((dests.get(id, Dest.flags) & Abi.D_REAL) === 0) return;
    this.#forgetData(id);
    const endpoint = realEndpoint(this.tables, id);
    const next = dests.get(id, Dest.nextSame);
    const first = this.#endpoints.find(endpoint);
    if (first === id && next === 0) this.#endpoints.remove(endpoint);
    else if (first === id) this.#endpoints.put(endpoint, next);
    else {
      let at = first;
      while (at !== 0 && dests.get(at, Dest.nextSame) !== id) at = dests.get(at, Dest.nextSame);
      if (at !== 0) dests.set(at, Dest.nextSame, next);
    }
  }

  #find(service: number, key: DestinationKey): number | undefined {
    return this.#index.live(service, key);
  }

  /** A removed destination of the same service and address, which is added again with its connections: FULLNAT does not begin or end under them. */
  #retired(service: number, spec: DestinationSpec): number | undefined {
    const id = this.#index.retired(service, spec);
    return id === undefined || this.#keepsKind(id, spec) || this.#connections(id) === 0 ? id : undefined;
  }

  #keepsKind(id: number, { method }: DestinationSpec): boolean {
    return ((this.tables.dests.get(id, Dest.flags) & Abi.D_FULLNAT) !== 0) === (method === 'fullnat');
  }

  #connections(id: number): number {
    return this.tables.dests.get(id, Dest.active) + this.tables.dests.get(id, Dest.inactive);
  }

  /** @throws WeirError fullnat-in-use */
  #checkFullnatChange(id: number, spec: DestinationSpec): void {
    const connections = this.#connections(id);
    if (connections !== 0 && !this.#keepsKind(id, spec)) throw new WeirError('fullnat-in-use', { connections });
  }

  #setFlag(id: number, flag: number, on: boolean): void {
    const flags = this.tables.dests.get(id, Dest.flags);
    this.tables.dests.set(id, Dest.flags, on ? flags | flag : flags & ~flag);
  }

  /** The flags that a service is to have; they make its persistence count, which is written here. */
  #flagsFor(id: number, spec: ServiceSpec): number {
    return flagsOf(spec) | beginningFlags(this.tables, id, spec.key) | writePersistence(this.tables.services, id, spec);
  }

  #newService(spec: ServiceSpec): number {
    const { services, conf } = this.tables;
    const top = conf.get(0, Conf.serviceTop);
    const id = top + 1 < services.count ? top + 1 : this.#free.service();
    if (id === undefined) throw new WeirError('table-full', { what: `more than ${services.count - 1} services` });
    services.clear(id);
    this.#describeService(id, spec.key);
    conf.set(0, Conf.serviceTop, Math.max(top, id));
    return id;
  }

  /** A build that knew less of marks may have added the service. */
  #noteMarks(key: ServiceKey): void {
    if (key.kind === 'fwmark') noteMarks(this.tables, key.family);
  }

  #describeService(id: number, key: ServiceKey): void {
    const { services } = this.tables;
    if (key.kind === 'fwmark') {
      // As the kernel, which has TCP there and takes any protocol.
      storeAddress(services, Service, id, NO_ADDRESS[key.family]);
      services.set(id, Service.protocol, IpProtocol.tcp);
      services.set(id, Service.mark, key.mark);
      return;
    }
    storeAddress(services, Service, id, key.address);
    services.set(id, Service.port, swap16(key.port));
    services.set(id, Service.protocol, IpProtocol[key.protocol]);
  }

  #newDestination(service: number, spec: DestinationSpec): number {
    const { services, dests, conf } = this.tables;
    const top = conf.get(0, Conf.destTop);
    const id = top + 1 < dests.count ? top + 1 : this.#free.destination();
    if (id === undefined) throw new WeirError('table-full', { what: `more than ${dests.count - 1} destinations` });
    dests.clear(id);
    storeAddress(dests, Dest, id, spec.address);
    dests.set(id, Dest.port, swap16(spec.port));
    dests.set(id, Dest.protocol, services.get(service, Service.protocol));
    dests.set(id, Dest.service, service);
    conf.set(0, Conf.destTop, Math.max(top, id));
    hideCounters(this.tables, estimateOf(this.tables, id));
    return id;
  }

  #freeDestination(id: number): void {
    const { dests } = this.tables;
    this.#forgetReplies(id);
    dests.set(id, Dest.flags, 0);
    dests.set(id, Dest.state, WeirState.FREE);
    this.#index.note(id);
  }

  #countServices(change: number): void {
    const { conf } = this.tables;
    conf.set(0, Conf.services, conf.get(0, Conf.services) + change);
  }
}
