// The table of the director in memory that balances packets: services and destinations with their schedulers, connections, settings,
// counters. Its changes are those of every director.

import type { Family } from '../../../model/address.js';
import { checkDestination } from '../../../model/check-destination.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { checkOnePacket } from '../../../model/fullnat.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { checkEngine } from '../../../model/persistence-engine.js';
import type { DestinationKey, DestinationSpec, ServiceKey, ServiceSpec, Timeouts } from '../../../model/service.js';
import { type Start, schedulers } from '../../schedule/index.js';
import { isSysctlName, sysctls } from '../../sysctls.js';
import { type Connection, touch } from './connection.js';
import { ConnectionTable, type HomeOf } from './connection-table.js';
import { Fragments } from './fragments.js';
import { familyOf, foldOf, type Ip, ipOf } from './ip.js';
import { type LocalPorts, OrderedPorts } from './local-ports.js';
import type { Packet } from './packet.js';
import type { Reason } from './reason.js';
import { candidatesOf, type DestinationRecord, type Method, Records, retire, type ServicePlace, type ServiceRecord } from './records.js';
import { allPortsScope, exactScope, type Scope } from './scope.js';
import { Settings } from './settings.js';
import { type TemplateHash, TemplateTable } from './template-table.js';
import { updateOverload } from './thresholds.js';

export interface PacketOptions {
  /** Buckets of four connections in each table, a power of two, 16 at least. */
  readonly buckets?: number;
  /** Of the kernel. */
  readonly hz?: number;
  readonly homeOf?: HomeOf;
  /** Slots for templates: a power of two, 8 at least. */
  readonly templates?: number;
  /** Slots for templates of IPv6; as many as `templates` where absent. */
  readonly templates6?: number;
  readonly templateHash?: TemplateHash;
  /** Whether drop_packet, at work, drops a new connection; every so many-th where absent. */
  readonly dropsNext?: () => boolean;
  /** Of FULLNAT; handed out in their order where absent. */
  readonly localPorts?: LocalPorts;
  /** The schedulers by name; those of `schedule/` where absent. */
  readonly schedulers?: ReadonlyMap<string, Start>;
}

const FAMILIES: readonly Family[] = ['inet', 'inet6'];
const BUCKETS = 4096;
const TEMPLATES = 2048;
const HZ = 250;

/** Spreads keys over the buckets; the datapath's own hash has a key that no sender knows. */
const plainHome: HomeOf = ({ address, port }) => {
  const mixed = Math.imul(foldOf(address) ^ Math.imul(port + 1, 0x9e3779b1), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) >>> 0;
};

const plainTemplateHash: TemplateHash = (network, { id }, call = '') =>
  [...call].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0, plainHome({ address: network, port: id }));

/** As listings show it in an address's place. */
export const addressOfMark = (family: Family, mark: number): Ip =>
  ipOf({ family, words: family === 'inet' ? [mark >>> 0] : [mark >>> 0, 0, 0, 0] });

function placeOf(key: ServiceKey): ServicePlace {
  if (key.kind === 'fwmark') return { address: addressOfMark(key.family, key.mark), port: 0, protocol: IpProtocol.tcp, mark: key.mark };
  return { address: ipOf(key.address), port: key.port, protocol: IpProtocol[key.protocol], mark: 0 };
}

export class PacketTable {
  readonly records = new Records();
  readonly settings: Settings;
  readonly exact: Scope;
  readonly allPorts: Scope;
  readonly sctp: Scope;
  readonly sctpAllPorts: Scope;
  readonly ipv6: Scope;
  readonly ipv6AllPorts: Scope;
  readonly sctp6: Scope;
  readonly sctp6AllPorts: Scope;
  readonly templates: TemplateTable;
  readonly templates6: TemplateTable;
  readonly dropsNext: () => boolean;
  readonly localPorts: LocalPorts;
  readonly fragments = new Fragments(() => this.count('fragment_lost'));
  /** The destination of a packet without a connection (one-packet scheduling), for its later fragments. */
  once: DestinationRecord | undefined;
  /** The server that begins a call by a packet, for its later fragments. */
  begins: DestinationRecord | undefined;
  readonly #drops = new Map<Reason, number>();
  readonly #schedulers: ReadonlyMap<string, Start>;
  /** By service, what it has of -s and -b. */
  readonly #specs = new Map<ServiceRecord, ServiceSpec>();

  constructor(options: PacketOptions = {}) {
    this.settings = new Settings(options.hz ?? HZ);
    this.localPorts = options.localPorts ?? new OrderedPorts(this.settings);
    this.#schedulers = options.schedulers ?? schedulers;
    this.dropsNext = options.dropsNext ?? (() => this.settings.defence.dropsNext());
    const count = (reason: Reason): void => this.count(reason);
    const { buckets = BUCKETS, homeOf = plainHome, templateHash = plainTemplateHash } = options;
    const { templates = TEMPLATES, templates6 = templates } = options;
    const table = (): ConnectionTable => new ConnectionTable(this.settings, buckets, homeOf, count);
    this.exact = exactScope(this.records, table());
    this.allPorts = allPortsScope(this.records, table());
    this.sctp = exactScope(this.records, table());
    this.sctpAllPorts = allPortsScope(this.records, table());
    this.ipv6 = exactScope(this.records, table());
    this.ipv6AllPorts = allPortsScope(this.records, table());
    this.sctp6 = exactScope(this.records, table());
    this.sctp6AllPorts = allPortsScope(this.records, table());
    const calls = { free: templates };
    const templatesOf = (size: number): TemplateTable => new TemplateTable(this.settings, size, templateHash, calls, count);
    [this.templates, this.templates6] = [templatesOf(templates), templatesOf(templates6)];
  }

  get scopes(): readonly Scope[] {
    return FAMILIES.flatMap((family) => [IpProtocol.tcp, IpProtocol.sctp].flatMap((protocol) => this.scopesOf(family, protocol)));
  }

  /** The scopes of a packet, in the order in which it meets them. */
  scopesOf(family: Family, protocol: number): readonly Scope[] {
    const isSctp = protocol === IpProtocol.sctp;
    if (family === 'inet6') return isSctp ? [this.sctp6, this.sctp6AllPorts] : [this.ipv6, this.ipv6AllPorts];
    return isSctp ? [this.sctp, this.sctpAllPorts] : [this.exact, this.allPorts];
  }

  /** The table with the templates of a service. */
  templatesOf({ address }: ServiceRecord): TemplateTable {
    return familyOf(address) === 'inet' ? this.templates : this.templates6;
  }

  /** The service of a firewall mark; also one that was removed. 0: no packet without a mark has one. */
  markedService(family: Family, mark: number): ServiceRecord | undefined {
    return mark === 0 ? undefined : this.records.at(placeOf({ kind: 'fwmark', family, mark }));
  }

  count(reason: Reason): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }

  /** Each reason that was counted. */
  drops(): ReadonlyMap<Reason, number> {
    return this.#drops;
  }

  /** State and expiry of a connection after a packet; `out`: it is the server's. */
  touch(connection: Connection, packet: Packet, now: number, out: boolean): void {
    const shown = touch(this.settings, connection, packet, now, out);
    if (shown !== undefined) this.templatesOf(connection.service).assure(connection, shown);
  }

  addService(spec: ServiceSpec): void {
    const place = placeOf(spec.key);
    if (this.records.at(place)?.live) throw new WeirError('service-exists');
    checkEngine(spec);
    const schedule = this.#start(spec, []);
    const service = this.records.makeService(place);
    service.live = true;
    this.#describe(service, spec, schedule);
  }

  editService(spec: ServiceSpec): void {
    const service = this.#live(spec.key);
    checkEngine(spec);
    checkOnePacket(
      spec,
      service.list.map(({ locals }) => ({ method: locals.length > 0 ? 'fullnat' : 'masq' }) as const),
    );
    const same = this.#specs.get(service)?.scheduler === spec.scheduler;
    this.#describe(service, spec, same ? service.schedule?.flagged(spec.schedFlags) : this.#start(spec, service.list));
  }

  deleteService(key: ServiceKey): void {
    const service = this.#live(key);
    service.live = false;
    service.schedule = undefined;
    for (const destination of service.list) this.#retire(destination);
  }

  addDestination(key: ServiceKey, spec: DestinationSpec): void {
    const service = this.#live(key);
    checkDestination(key, spec);
    checkOnePacket(service, [spec]);
    if (this.#find(service, spec) !== undefined) throw new WeirError('destination-exists');
    const destination = this.records.makeDestination(service, ipOf(spec.address), spec.port, (known) => !isInUse(known, spec));
    describeDestination(destination, spec, 0);
    this.#answer(destination, spec);
    destination.available = true;
    destination.expires = false;
    service.list = [destination, ...service.list];
    service.schedule = service.schedule?.added(candidatesOf(service.list));
  }

  editDestination(key: ServiceKey, spec: DestinationSpec): void {
    const service = this.#live(key);
    checkDestination(key, spec);
    checkOnePacket(service, [spec]);
    const destination = this.#destination(service, spec);
    if (isInUse(destination, spec)) throw new WeirError('fullnat-in-use', { connections: destination.active + destination.inactive });
    this.#answer(destination, spec);
    describeDestination(destination, spec, destination.lastWeight);
    service.schedule = service.schedule?.edited(candidatesOf(service.list));
  }

  /** A masqueraded one gets replies back, and later fragments of it may wait for the first one. */
  #answer(destination: DestinationRecord, spec: DestinationSpec): void {
    if (methodOf(spec) !== 'masq') return;
    this.records.answer(destination);
    this.fragments.know(destination.address);
  }

  deleteDestination(key: ServiceKey, which: DestinationKey): void {
    const service = this.#live(key);
    const destination = this.#destination(service, which);
    const before = service.list[service.list.indexOf(destination) - 1]?.id ?? null;
    this.#retire(destination);
    service.schedule = service.schedule?.deleted(candidatesOf(service.list), destination.id, before);
  }

  /** While expire_nodest_conn is set, the connections of those that were removed before end, too. */
  #retire(destination: DestinationRecord): void {
    const { expireNodestConn } = this.settings;
    retire(destination, expireNodestConn);
    if (expireNodestConn) for (const { retired } of this.records.services()) for (const each of retired) each.expires = true;
  }

  flush(): void {
    for (const service of this.records.services()) {
      const spec = this.#specs.get(service);
      if (service.live && spec !== undefined) this.deleteService(spec.key);
    }
  }

  setTimeouts(timeouts: Timeouts): void {
    this.settings.setTimeouts(timeouts);
  }

  /** @throws WeirError sysctl-unknown, sysctl-value */
  setSysctl(name: string, value: string): void {
    if (!isSysctlName(name)) throw new WeirError('sysctl-unknown', { name });
    const { form, initial } = sysctls[name];
    const words = form.parse(value, initial, { hz: this.settings.hz, cpus: 1 });
    if (words === undefined) throw new WeirError('sysctl-value', { name, value });
    this.settings.setSysctl(name, words[0] ?? 0);
  }

  /** The newest first. @throws WeirError service-missing */
  destinations(key: ServiceKey): readonly DestinationRecord[] {
    return this.#live(key).list;
  }

  #start({ scheduler, schedFlags }: ServiceSpec, list: readonly DestinationRecord[]): ServiceRecord['schedule'] {
    const start = this.#schedulers.get(scheduler);
    if (start === undefined) throw new WeirError('scheduler-unknown', { scheduler });
    return start(candidatesOf(list), schedFlags);
  }

  #describe(service: ServiceRecord, spec: ServiceSpec, schedule: ServiceRecord['schedule']): void {
    service.onePacket = spec.onePacket;
    service.persistence = spec.persistence;
    service.netmask = spec.persistence?.netmask ?? service.netmask;
    service.schedule = schedule;
    this.#specs.set(service, spec);
  }

  #live(key: ServiceKey): ServiceRecord {
    const service = this.records.at(placeOf(key));
    if (service === undefined || !service.live) throw new WeirError('service-missing');
    return service;
  }

  #find(service: ServiceRecord, { address, port }: DestinationKey): DestinationRecord | undefined {
    return service.list.find((each) => each.address === ipOf(address) && each.port === port);
  }

  #destination(service: ServiceRecord, key: DestinationKey): DestinationRecord {
    const found = this.#find(service, key);
    if (found === undefined) throw new WeirError('destination-missing');
    return found;
  }
}

/** FULLNAT neither begins nor ends under the connections of a destination. */
const isInUse = ({ active, inactive, locals }: DestinationRecord, { method }: DestinationSpec): boolean =>
  active + inactive !== 0 && (method === 'fullnat') !== locals.length > 0;

const methodOf = ({ method }: DestinationSpec): Method => (method === 'fullnat' ? 'masq' : method);

function describeDestination(destination: DestinationRecord, spec: DestinationSpec, lastWeight: number): void {
  destination.method = methodOf(spec);
  destination.tunnel = spec.tunnel;
  destination.locals = (spec.localAddresses ?? []).map(ipOf);
  destination.clientAddress = spec.clientAddress;
  destination.weight = spec.weight;
  destination.lastWeight = spec.weight === 0 ? lastWeight : spec.weight;
  destination.upper = spec.upperThreshold;
  destination.lower = spec.lowerThreshold;
  updateOverload(destination);
}
