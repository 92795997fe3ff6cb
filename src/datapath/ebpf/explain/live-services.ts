// The services of the live table that one packet may meet, as the reference director has them: with their destinations, and their schedulers where
// they stand now.
import { swap16 } from '../../../wire/bytes.js';
import { type Ip, ipOf, textOf } from '../../memory/packets/ip.js';
import type { PacketDirector } from '../../memory/packets/packet-director.js';
import { addressOfMark } from '../../memory/packets/packet-table.js';
import { candidatesOf, type DestinationRecord, type ServiceRecord } from '../../memory/packets/records.js';
import { resumed, type Schedule, type Start, schedulers } from '../../schedule/index.js';
import type { Place } from '../../schedule/scheduler.js';
import { Abi, Conf, Dest, Service, WeirState } from '../abi.gen.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { forwardingOf, recordedForwarding } from '../table/forwarding-word.js';
import { isRead } from '../table/ftp.js';
import { FullnatPools } from '../table/fullnat-pools.js';
import { realEndpoint, schedulerName } from '../table/identity.js';
import { lastNetmask, readPersistence } from '../table/persistence.js';
import { isIpv6, recordedAddress } from '../table/record-address.js';
import { destinationIds } from '../table/service-list.js';
import { readServiceWord } from '../table/service-word.js';
import type { Tables } from '../table/tables.js';
import { liveLocality } from './live-locality.js';

const SCHEDULER_FLAGS = 0x7;
const JIFFIES_PER_UNIT = 4;

/** What the packet shows. */
export interface Shown {
  readonly addresses: ReadonlySet<Ip>;
  /** The address that it is for. */
  readonly target: Ip | undefined;
}

const ipAt = (records: Tables['services'], record: typeof Service | typeof Dest, id: number): Ip =>
  ipOf(recordedAddress(records, record, id));

/** Destinations by service, those of removed ones, too. */
function destinationsByService({ dests, conf }: Tables): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    if (dests.get(id, Dest.state) === WeirState.FREE) continue;
    const service = dests.get(id, Dest.service);
    const ids = found.get(service);
    if (ids === undefined) found.set(service, [id]);
    else ids.push(id);
  }
  return found;
}

/** The numbers of the services that a packet between these addresses may meet without a connection. */
function servicesMet(tables: Tables, { addresses }: Shown, owned: ReadonlyMap<number, readonly number[]>): readonly number[] {
  const { services, dests, conf } = tables;
  const taken = Array.from({ length: conf.get(0, Conf.serviceTop) }, (_, index) => index + 1).filter(
    (id) => services.get(id, Service.state) !== WeirState.FREE,
  );
  const met = taken.filter(
    (id) =>
      services.get(id, Service.mark) !== 0 ||
      addresses.has(ipAt(services, Service, id)) ||
      (owned.get(id) ?? []).some((dest) => addresses.has(ipAt(dests, Dest, dest))),
  );
  // Where there is a service, packets are looked at.
  return met.length > 0 ? met : taken.slice(0, 1);
}

/** Loads services into the reference director: those that a packet may meet, then those that connections and templates name. */
export class LiveServices {
  readonly #services = new Map<number, ServiceRecord>();
  readonly #destinations = new Map<number, DestinationRecord>();
  readonly #owned: ReadonlyMap<number, readonly number[]>;
  readonly #endpoints: EndpointTable;

  constructor(
    readonly tables: Tables,
    readonly director: PacketDirector,
    readonly shown: Shown,
    readonly starts: ReadonlyMap<string, Start> = schedulers,
  ) {
    this.#owned = destinationsByService(tables);
    this.#endpoints = new EndpointTable(tables);
    for (const id of servicesMet(tables, shown, this.#owned)) this.service(id);
  }

  /** Those that were loaded, by the numbers of their records. */
  all(): ReadonlyMap<number, ServiceRecord> {
    return this.#services;
  }

  /** By the number of its record. */
  service(id: number): ServiceRecord {
    return this.#services.get(id) ?? this.#load(id, this.#owned.get(id) ?? []);
  }

  /** By the number of its record. undefined: its service is another one's by now. */
  destination(id: number): DestinationRecord | undefined {
    this.service(this.tables.dests.get(id, Dest.service));
    return this.#destinations.get(id);
  }

  /** The number of a destination's record. undefined: it was not loaded. */
  idOf(destination: DestinationRecord): number | undefined {
    return [...this.#destinations].find(([, each]) => each === destination)?.[0];
  }

  #load(id: number, owned: readonly number[]): ServiceRecord {
    const { services } = this.tables;
    const mark = services.get(id, Service.mark);
    const { scheduler, flags } = readServiceWord(services, id);
    const service = this.director.records.makeService({
      address: mark === 0 ? ipAt(services, Service, id) : addressOfMark(isIpv6(services, Service, id) ? 'inet6' : 'inet', mark),
      port: swap16(services.get(id, Service.port)),
      protocol: services.get(id, Service.protocol),
      mark,
    });
    service.live = services.get(id, Service.state) === WeirState.LIVE;
    service.onePacket = (flags & Abi.SVC_ONEPACKET) !== 0;
    service.persistence = readPersistence(services, id, flags);
    service.netmask = lastNetmask(services, id, flags);
    this.#services.set(id, service);
    const listed = service.live ? destinationIds(this.tables, id) : [];
    service.list = listed.map((dest) => this.#destination(service, dest));
    service.retired = owned.filter((dest) => !listed.includes(dest)).map((dest) => this.#destination(service, dest));
    service.masquerades = (flags & Abi.SVC_MASQUERADES) !== 0;
    service.firewall = (flags & Abi.SVC_FIREWALL) !== 0;
    service.schedule = service.live ? this.#schedule(id, service, schedulerName(scheduler), flags) : undefined;
    return service;
  }

  #destination(service: ServiceRecord, id: number): DestinationRecord {
    const { dests } = this.tables;
    const word = (field: Parameters<typeof dests.get>[1]): number => dests.get(id, field) | 0;
    const flags = dests.get(id, Dest.flags);
    const found = this.director.records.makeDestination(service, ipAt(dests, Dest, id), swap16(dests.get(id, Dest.port)));
    const counted = { active: word(Dest.active), inactive: word(Dest.inactive), persistent: word(Dest.persistent) };
    const described = {
      weight: word(Dest.weight),
      lastWeight: word(Dest.lastWeight),
      upper: dests.get(id, Dest.upper),
      lower: dests.get(id, Dest.lower),
    };
    Object.assign(found, counted, described);
    const { method, tunnel, clientAddress } = forwardingOf(recordedForwarding(this.tables, id));
    found.method = method === 'fullnat' ? 'masq' : method;
    found.tunnel = tunnel;
    found.clientAddress = clientAddress;
    if (method === 'fullnat') found.locals = new FullnatPools(this.tables).localsOf(id).map(ipOf);
    found.overloaded = dests.get(id, Dest.overload) !== 0;
    found.available = (flags & Abi.D_AVAILABLE) !== 0;
    found.expires = (flags & Abi.D_EXPIRES) !== 0;
    this.#destinations.set(id, found);
    if ((flags & Abi.D_REAL) !== 0) this.#answer(found, id);
    found.helped = isRead(this.tables, id);
    return found;
  }

  /** Services are loaded in any order: of those that share an endpoint, the one that the table has there was masqueraded last. */
  #answer(destination: DestinationRecord, id: number): void {
    const { records } = this.director;
    records.answer(destination);
    const last = this.#destinations.get(this.#endpoints.find(realEndpoint(this.tables, id)));
    if (last !== undefined) records.answerFirst(last);
  }

  #schedule(id: number, service: ServiceRecord, scheduler: string, flags: number): Schedule | undefined {
    const given = (flags >> Abi.SVC_SCHEDULER_SHIFT) & SCHEDULER_FLAGS;
    const { services } = this.tables;
    switch (scheduler) {
      case 'rr':
        return resumed({ scheduler, state: { last: this.#place(service, services.get(id, Service.cursor)) } }, given);
      case 'wrr': {
        const stood = services.big(id, Service.wrr);
        const [cl, cw] = [this.#place(service, Number(stood & 0xffffffffn)), Number(stood >> BigInt(Abi.WRR_WEIGHT_SHIFT))];
        return resumed({ scheduler, state: { cl, cw, mw: services.get(id, Service.wrrMax), di: services.get(id, Service.wrrGcd) } }, given);
      }
      case 'lblc':
      case 'lblcr':
        return this.#localities(id, service, scheduler, given);
      default:
        return this.starts.get(scheduler)?.(candidatesOf(service.list), given);
    }
  }

  /** One that is not in the list any more stands for its head. */
  #place({ list }: ServiceRecord, id: number): Place {
    const found = this.#destinations.get(id);
    return found !== undefined && list.includes(found) ? found.id : null;
  }

  /** What is known of the packet's address. */
  #localities(id: number, service: ServiceRecord, scheduler: 'lblc' | 'lblcr', flags: number): Schedule {
    const { target } = this.shown;
    const found = target === undefined ? undefined : liveLocality(this.tables, id, target);
    const known = [...service.list, ...service.retired];
    const members = (found?.members ?? [])
      .map((dest) => this.#destinations.get(dest))
      .filter((dest) => dest !== undefined && known.includes(dest));
    const ids = members.map((dest) => dest?.id ?? 0);
    const text = target === undefined ? '' : textOf(target);
    if (scheduler === 'lblc') return resumed({ scheduler, state: new Map(ids.slice(0, 1).map((each) => [text, each])) }, flags);
    const { hz } = this.director.settings;
    const changed = (this.director.now * JIFFIES_PER_UNIT) / hz - (found?.age ?? 0) / hz;
    return resumed({ scheduler, state: new Map(found === undefined ? [] : [[text, { members: ids, changed }]]) }, flags);
  }
}
