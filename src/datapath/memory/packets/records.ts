// Services and destinations as packets meet them, and what each change of the table does to them. What was removed stays, since connections
// name it: a destination that is added again is the one that it was.
import { FTP_PORTS } from '../../../model/ftp-ports.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { type ClientAddress, type ConnectionMethod, type Persistence, PLAIN_TUNNEL, type Tunnel } from '../../../model/service.js';
import type { Schedule } from '../../schedule/index.js';
import type { Candidate, Candidates } from '../../schedule/scheduler.js';
import type { Endpoint } from './endpoint.js';
import { anyOf, foldOf, type Ip } from './ip.js';
import type { Loaded } from './thresholds.js';

/** FULLNAT is masquerading, with local addresses. */
export type Method = Exclude<ConnectionMethod, 'fullnat'>;

export interface PacketCounts {
  conns: number;
  inPackets: number;
  outPackets: number;
  inBytes: number;
  outBytes: number;
}

/** Where a service is. Ports in host order. */
export interface ServicePlace {
  /** Of a mark: the mark, as listings show it in an address's place. */
  readonly address: Ip;
  /** 0: all ports of the address, or whatever has the mark. */
  readonly port: number;
  /** Of a mark: TCP, as the kernel's IPVS has it. Its connections have their own. */
  readonly protocol: number;
  /** 0: it has an address. */
  readonly mark: number;
}

export interface ServiceRecord extends ServicePlace {
  readonly id: number;
  live: boolean;
  onePacket: boolean;
  /** Seconds, and the mask of the clients' networks; undefined: the service is not persistent. */
  persistence: Persistence | undefined;
  /** Of the clients' networks of its templates: of its persistence, or of its last one; undefined: it was never persistent. */
  netmask: number | undefined;
  /** Has, or had, a masqueraded destination. */
  masquerades: boolean;
  /** The host's packet filter sees its new connections before they are balanced. */
  firewall: boolean;
  /** The newest first. */
  list: readonly DestinationRecord[];
  /** Removed ones, which connections may name. */
  retired: readonly DestinationRecord[];
  /** undefined: none; every new connection is refused. */
  schedule: Schedule | undefined;
}

export interface DestinationRecord extends Loaded {
  readonly id: number;
  readonly service: ServiceRecord;
  readonly address: Ip;
  readonly port: number;
  method: Method;
  tunnel: Tunnel;
  /** FULLNAT: what stands for its clients. None: they are seen as they are. */
  locals: readonly Ip[];
  /** FULLNAT: how its clients are reported to it. */
  clientAddress?: ClientAddress | undefined;
  weight: number;
  /** Its last weight that was not 0. */
  lastWeight: number;
  upper: number;
  lower: number;
  /** In its service's list. */
  available: boolean;
  /** It, or one after it, was removed while expire_nodest_conn was set: its connections and templates end. */
  expires: boolean;
  /** Templates that lead to it. */
  persistent: number;
  /** Is or was masqueraded: its replies are found by its address. */
  answers: boolean;
  /** The helper for FTP reads its masqueraded connections. */
  helped: boolean;
  readonly counts: PacketCounts;
}

/** Has each call a template of its own (--pe sip)? */
export const isByCall = ({ persistence }: ServiceRecord): boolean => persistence?.engine !== undefined;

/** As a scheduler sees it. */
const candidateOf = (record: DestinationRecord): Candidate => ({
  id: record.id,
  weight: record.weight,
  lastWeight: record.lastWeight,
  fold: foldOf(record.address),
  port: record.port,
  active: record.active,
  inactive: record.inactive,
  overloaded: record.overloaded,
});

export const candidatesOf = (records: readonly DestinationRecord[]): Candidates => records.map(candidateOf);

const endpointOf = (address: Ip, port: number, protocol: number): string => `${protocol} ${address} ${port}`;

const keyOfPlace = ({ address, port, protocol, mark }: ServicePlace): string =>
  mark === 0 ? endpointOf(address, port, protocol) : `mark ${address}`;

const ANY_PROTOCOL = 0;

const [FTP_PORT, FTP_DATA_PORT, PRIVILEGED_PORTS] = [21, 20, 1024] as const;

/** As in IPVS: ports of FTP's data connections, unless another service has them. */
const mayBeFtpData = ({ port }: Endpoint, protocol: number): boolean =>
  protocol === IpProtocol.tcp && (port === FTP_DATA_PORT || port >= PRIVILEGED_PORTS);

const noCounts = (): PacketCounts => ({ conns: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 });

/** From endpoints to records: of services for requests, of masqueraded destinations for replies. */
/** The endpoint that a masqueraded destination answers from: of all ports where its service is. */
const answeringEnd = ({ service, address, port }: DestinationRecord): string =>
  service.port === 0 ? endpointOf(address, 0, ANY_PROTOCOL) : endpointOf(address, port, service.protocol);

export class Records {
  /** Of services with the helper for FTP. */
  ftpPorts: readonly number[] = FTP_PORTS;
  readonly #services = new Map<string, ServiceRecord>();
  /** Of masqueraded destinations. */
  readonly #answering = new Set<string>();
  /** Those, by the endpoints that they answer from: the one that was masqueraded last first. */
  readonly #sharing = new Map<string, readonly DestinationRecord[]>();
  #serviceTop = 0;
  #destinationTop = 0;

  /** No service ever was: everything passes. */
  get isEmpty(): boolean {
    return this.#serviceTop === 0;
  }

  /** The service of one port; also one that was removed. */
  exact(address: Ip, port: number, protocol: number): ServiceRecord | undefined {
    return port === 0 ? undefined : this.service(address, port, protocol);
  }

  /** The service of all ports; also one that was removed. */
  allPorts(address: Ip, protocol: number): ServiceRecord | undefined {
    return this.service(address, 0, protocol);
  }

  /** The service of FTP that an endpoint of what may be its data belongs to; also one that was removed. */
  ftp(endpoint: Endpoint, protocol: number): ServiceRecord | undefined {
    return mayBeFtpData(endpoint, protocol) ? this.exact(endpoint.address, FTP_PORT, protocol) : undefined;
  }

  /** `port`: 0 for all. */
  service(address: Ip, port: number, protocol: number): ServiceRecord | undefined {
    return this.#services.get(endpointOf(address, port, protocol));
  }

  at(place: ServicePlace): ServiceRecord | undefined {
    return this.#services.get(keyOfPlace(place));
  }

  /** Is, or was, a masqueraded destination of an exact service there? */
  answersExactly(address: Ip, port: number, protocol: number): boolean {
    return this.#answering.has(endpointOf(address, port, protocol));
  }

  /** The newest masqueraded destination with this address, port and protocol that is there, of a service with a port. */
  masqueradedAt(address: Ip, port: number, protocol: number): DestinationRecord | undefined {
    return this.#masqueraded(endpointOf(address, port, protocol));
  }

  #masqueraded(endpoint: string): DestinationRecord | undefined {
    return this.#sharing.get(endpoint)?.find(({ available, method }) => available && method === 'masq');
  }

  /** May a packet from there be a reply of a server that is masqueraded now, of any service; or data of one of FTP, that is or was? */
  mayBeReply(endpoint: Endpoint, protocol: number): boolean {
    const { address, port } = endpoint;
    const places = [endpointOf(address, port, protocol), endpointOf(address, 0, ANY_PROTOCOL)];
    if (places.some((place) => this.#masqueraded(place) !== undefined)) return true;
    return mayBeFtpData(endpoint, protocol) && this.#answering.has(endpointOf(address, 0, protocol));
  }

  /** Does an address stand for clients (FULLNAT) at a server that is there with this endpoint, or with all its ports? */
  standsForClients(local: Ip, { address, port }: Endpoint, protocol: number): boolean {
    const places = [endpointOf(address, port, protocol), endpointOf(address, 0, ANY_PROTOCOL)];
    const stands = ({ available, method, locals }: DestinationRecord): boolean => available && method === 'masq' && locals.includes(local);
    return places.some((place) => this.#sharing.get(place)?.some(stands) === true);
  }

  /** Does the server that was masqueraded last with this endpoint, or with all its ports, see local addresses (FULLNAT)? */
  seesLocals({ address, port }: Endpoint, protocol: number, allPorts: boolean): boolean {
    const [last] = this.#sharing.get(allPorts ? endpointOf(address, 0, ANY_PROTOCOL) : endpointOf(address, port, protocol)) ?? [];
    return last !== undefined && last.locals.length > 0;
  }

  /** Is this a server of a service of all ports, whose servers answer from any port, or one that may send data of FTP? */
  answersByAddress(endpoint: Endpoint, protocol: number): boolean {
    const { address } = endpoint;
    if (this.#answering.has(endpointOf(address, 0, ANY_PROTOCOL))) return true;
    return mayBeFtpData(endpoint, protocol) && this.#answering.has(endpointOf(address, 0, protocol));
  }

  services(): Iterable<ServiceRecord> {
    return this.#services.values();
  }

  /** The record of a service that is added, perhaps again. */
  makeService(place: ServicePlace): ServiceRecord {
    const known = this.at(place);
    if (known !== undefined) return known;
    const id = ++this.#serviceTop;
    const flags = { live: false, onePacket: false, masquerades: false, firewall: false };
    const record: ServiceRecord = {
      ...flags,
      persistence: undefined,
      netmask: undefined,
      list: [],
      retired: [],
      schedule: undefined,
      id,
      ...place,
    };
    this.#services.set(keyOfPlace(place), record);
    return record;
  }

  /** The record of a destination that is added, perhaps again. `fits`: may it be the one that was removed? */
  makeDestination(
    service: ServiceRecord,
    address: Ip,
    port: number,
    fits: (known: DestinationRecord) => boolean = () => true,
  ): DestinationRecord {
    const known = service.retired.find((each) => each.address === address && each.port === port);
    if (known !== undefined && fits(known)) {
      service.retired = service.retired.filter((each) => each !== known);
      return known;
    }
    const id = ++this.#destinationTop;
    const described = { method: 'masq' as const, tunnel: PLAIN_TUNNEL, locals: [], weight: 0, lastWeight: 0, upper: 0, lower: 0 };
    const fresh = {
      active: 0,
      inactive: 0,
      persistent: 0,
      overloaded: false,
      available: false,
      expires: false,
      answers: false,
      helped: false,
      counts: noCounts(),
    };
    return { ...described, ...fresh, id, service, address, port };
  }

  /** Is the helper for FTP for its masqueraded destinations? */
  #isHelped({ protocol, port, mark }: ServiceRecord): boolean {
    return mark === 0 && protocol === IpProtocol.tcp && this.ftpPorts.includes(port);
  }

  /** From now on packets from its endpoint are looked at as replies. */
  answer(destination: DestinationRecord): void {
    destination.service.masquerades = true;
    if (destination.answers) return;
    destination.answers = true;
    const { service, address } = destination;
    destination.helped = this.#isHelped(service);
    const hasData = destination.helped || (service.port === FTP_PORT && service.protocol === IpProtocol.tcp);
    this.#answering.add(answeringEnd(destination));
    this.answerFirst(destination);
    if (hasData) this.#answering.add(endpointOf(address, 0, service.protocol));
  }

  /** Of those that share its endpoint, it counts as the one that was masqueraded last. */
  answerFirst(destination: DestinationRecord): void {
    const endpoint = answeringEnd(destination);
    const others = (this.#sharing.get(endpoint) ?? []).filter((each) => each !== destination);
    this.#sharing.set(endpoint, [destination, ...others]);
  }
}

/** The number that a connection past the servers has in a destination's place: no record of one has it. */
const BYPASS_ID = 0x3fffe;

/** What such a connection has instead of a destination: it is in no list, and whatever is counted there is not seen. */
export const bypassOf = (service: ServiceRecord, target: Ip): DestinationRecord => ({
  ...{ method: 'bypass', tunnel: PLAIN_TUNNEL, locals: [], weight: 1, lastWeight: 1, upper: 0, lower: 0 },
  ...{
    active: 0,
    inactive: 0,
    persistent: 0,
    overloaded: false,
    available: true,
    expires: false,
    answers: false,
    helped: false,
    counts: noCounts(),
  },
  ...{ id: BYPASS_ID, service, address: anyOf(target), port: 0 },
});

/** Takes a destination out of its service's list. `expires`: with its connections and templates. */
export function retire(destination: DestinationRecord, expires: boolean): void {
  const { service } = destination;
  destination.available = false;
  destination.expires = expires;
  service.list = service.list.filter((each) => each !== destination);
  service.retired = [destination, ...service.retired];
}
