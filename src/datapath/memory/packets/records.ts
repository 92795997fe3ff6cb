// Services and destinations as packets meet them, and what each change of the table does to them. What was removed stays, since connections
// name it: a destination that is added again is the one that it was.
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { ForwardingMethod } from '../../../model/service.js';
import type { Schedule } from '../../schedule/index.js';
import type { Candidate, Candidates } from '../../schedule/scheduler.js';
import type { Loaded } from './thresholds.js';

export type Method = ForwardingMethod;
export type BalancedProtocol = 'tcp' | 'udp';

export interface PacketCounts {
  conns: number;
  inPackets: number;
  outPackets: number;
  inBytes: number;
  outBytes: number;
}

/** Addresses and ports in host order. */
export interface ServiceRecord {
  readonly id: number;
  readonly address: number;
  readonly port: number;
  readonly protocol: number;
  live: boolean;
  onePacket: boolean;
  /** Has, or had, a masqueraded destination. */
  masquerades: boolean;
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
  readonly address: number;
  readonly port: number;
  method: Method;
  weight: number;
  /** Its last weight that was not 0. */
  lastWeight: number;
  upper: number;
  lower: number;
  /** In its service's list. */
  available: boolean;
  /** Is or was masqueraded: its replies are found by its address. */
  answers: boolean;
  readonly counts: PacketCounts;
}

/** As a scheduler sees it. */
const candidateOf = (record: DestinationRecord): Candidate => ({
  id: record.id,
  weight: record.weight,
  lastWeight: record.lastWeight,
  fold: record.address,
  port: record.port,
  active: record.active,
  inactive: record.inactive,
  overloaded: record.overloaded,
});

export const candidatesOf = (records: readonly DestinationRecord[]): Candidates => records.map(candidateOf);

/** An address, a port and a protocol as one number. */
const endpointOf = (address: number, port: number, protocol: number): number => (protocol * 0x1_0000_0000 + address) * 0x1_0000 + port;

const noCounts = (): PacketCounts => ({ conns: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 });

/** From endpoints to records: of services for requests, of masqueraded destinations for replies. */
export class Records {
  readonly #services = new Map<number, ServiceRecord>();
  /** The newest first: those of several services with one endpoint. */
  readonly #answering = new Map<number, readonly DestinationRecord[]>();
  #serviceTop = 0;
  #destinationTop = 0;

  /** No service ever was: everything passes. */
  get isEmpty(): boolean {
    return this.#serviceTop === 0;
  }

  /** Also one that was removed. */
  service(address: number, port: number, protocol: number): ServiceRecord | undefined {
    return this.#services.get(endpointOf(address, port, protocol));
  }

  answering(address: number, port: number, protocol: number): readonly DestinationRecord[] {
    return this.#answering.get(endpointOf(address, port, protocol)) ?? [];
  }

  services(): Iterable<ServiceRecord> {
    return this.#services.values();
  }

  /** The record of a service that is added, perhaps again. */
  makeService(address: number, port: number, protocol: BalancedProtocol): ServiceRecord {
    const number = IpProtocol[protocol];
    const known = this.service(address, port, number);
    if (known !== undefined) return known;
    const id = ++this.#serviceTop;
    const fresh = { live: false, onePacket: false, masquerades: false, list: [], retired: [], schedule: undefined };
    const record: ServiceRecord = { ...fresh, id, address, port, protocol: number };
    this.#services.set(endpointOf(address, port, number), record);
    return record;
  }

  /** The record of a destination that is added, perhaps again. */
  makeDestination(service: ServiceRecord, address: number, port: number): DestinationRecord {
    const known = service.retired.find((each) => each.address === address && each.port === port);
    if (known !== undefined) {
      service.retired = service.retired.filter((each) => each !== known);
      return known;
    }
    const id = ++this.#destinationTop;
    const described = { method: 'masq' as const, weight: 0, lastWeight: 0, upper: 0, lower: 0 };
    const fresh = { active: 0, inactive: 0, overloaded: false, available: false, answers: false, counts: noCounts() };
    return { ...described, ...fresh, id, service, address, port };
  }

  /** From now on packets from its endpoint are looked at as replies. */
  answer(destination: DestinationRecord): void {
    destination.service.masquerades = true;
    if (destination.answers) return;
    destination.answers = true;
    const endpoint = endpointOf(destination.address, destination.port, destination.service.protocol);
    this.#answering.set(endpoint, [destination, ...(this.#answering.get(endpoint) ?? [])]);
  }
}

/** Takes a destination out of its service's list. */
export function retire(destination: DestinationRecord): void {
  const { service } = destination;
  destination.available = false;
  service.list = service.list.filter((each) => each !== destination);
  service.retired = [destination, ...service.retired];
}
