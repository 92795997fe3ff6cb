// Between the model's nouns and the numbers of the tables: protocols, schedulers, methods, addresses.

import { WeirError } from '../../../model/errors/weir-error.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { checkEngine, SIP } from '../../../model/persistence-engine.js';
import type { ConnectionMethod, ForwardingMethod, Protocol, ServiceKey, ServiceSpec } from '../../../model/service.js';
import type { Records } from '../../../sys/bpf/records.js';
import { swap16 } from '../../../wire/bytes.js';
import { Abi, Dest, EndpointKind, METHOD_NAMES, SCHEDULER_NAMES, Service } from '../abi.gen.js';
import { BypassAbi } from '../bypass.gen.js';
import { CallAbi } from '../call.gen.js';
import { WideEndpointKind } from '../wide.gen.js';
import { Wide6EndpointKind } from '../wide6.gen.js';
import { type EndpointRef, endpointKey, hashKeysOf } from './endpoint-table.js';
import { isHelped } from './ftp.js';
import { readPersistence } from './persistence.js';
import { addressHash, isIpv6, packetWords, recordedAddress, recordedWords } from './record-address.js';
import { readServiceWord } from './service-word.js';
import type { Tables } from './tables.js';

function known<T>(name: T | undefined, number: number, what: string): T {
  if (name === undefined) throw new WeirError('table-unknown-number', { what, number });
  return name;
}

/** The name of a record's protocol. @throws WeirError table-unknown-number */
export const protocolName = (number: number): Protocol =>
  known(
    (['tcp', 'udp', 'sctp'] as const).find((name) => IpProtocol[name] === number),
    number,
    'protocol',
  );
/** The name of a record's scheduler. @throws WeirError table-unknown-number */
export const schedulerName = (number: number): string => known(SCHEDULER_NAMES[number], number, 'scheduler');
/** The name of a record's forwarding method. @throws WeirError table-unknown-number */
export const methodName = (number: number): (typeof METHOD_NAMES)[number] => known(METHOD_NAMES[number], number, 'forwarding method');
/** The name of a connection's method. @throws WeirError table-unknown-number */
export const connectionMethodName = (number: number): Exclude<ConnectionMethod, 'fullnat'> =>
  number === BypassAbi.BYPASS_METHOD ? 'bypass' : methodName(number);
/** A forwarding method as records have it: FULLNAT is masquerading, with a flag of its own (forwarding-word.ts). */
export const methodNumber = (name: ForwardingMethod): number => METHOD_NAMES.indexOf(name === 'fullnat' ? 'masq' : name);

/** The number of a service's scheduler. @throws WeirError scheduler-unknown, persistence-engine-unknown */
export function schedulerOf(spec: ServiceSpec): number {
  const { scheduler } = spec;
  const number = (SCHEDULER_NAMES as readonly string[]).indexOf(scheduler);
  if (number < 0) throw new WeirError('scheduler-unknown', { scheduler });
  checkEngine(spec);
  return number;
}

const sameWords = (a: readonly number[], b: readonly number[]): boolean => a.every((word, k) => word === b[k]);

interface Place {
  /** Address and port in the order of a packet. */
  readonly words: readonly number[];
  readonly port: number;
  readonly protocol: number;
}

const isForAllPorts = (key: ServiceKey): boolean => key.kind === 'address' && key.port === 0;

export const isOfSctp = (key: ServiceKey): boolean => key.kind === 'address' && key.protocol === 'sctp';

/** Is it one of the wide builds': of a mark, or of all ports? */
export const isWide = (key: ServiceKey): boolean => key.kind === 'fwmark' || isForAllPorts(key);

/** isWide() by a service's record: that of a mark has no port, as that of all ports. */
export const isRecordedWide = ({ services }: Tables, id: number): boolean => services.get(id, Service.port) === 0;

const FTP_PORT = 21;

/** Does it take data connections of FTP, as the kernel's IPVS does where it is persistent? They are in the wide builds' tables. */
export const isOfFtp = (key: ServiceKey): boolean => key.kind === 'address' && key.protocol === 'tcp' && key.port === FTP_PORT;

/** isOfFtp() by a service's record. */
export const isRecordedFtp = ({ services }: Tables, id: number): boolean =>
  services.get(id, Service.port) === swap16(FTP_PORT) && services.get(id, Service.protocol) === IpProtocol.tcp;

const KINDS = { ...EndpointKind, ...WideEndpointKind, ...Wide6EndpointKind } as const;

/** The endpoint of a mark: this takes the place of an address, or of the hash of one, and is the whole of it. */
const markEndpoint = (mark: number, ipv6: boolean): EndpointRef =>
  endpointKey(mark, 0, 0, ipv6 ? KINDS.E_SERVICE_MARK6 : KINDS.E_SERVICE_MARK);

/** `kind`: what it leads to; `_ALL`: with all ports. */
function endpointOf(tables: Tables, kind: `${'E_SERVICE' | 'E_REAL'}${'' | '_ALL'}`, { words, port, protocol }: Place): EndpointRef {
  if (words.length === 1) return endpointKey(words[0] ?? 0, port, protocol, KINDS[kind]);
  const key = endpointKey(addressHash(words, hashKeysOf(tables)), port, protocol, KINDS[`${kind}6`]);
  const recorded = (id: number): readonly number[] =>
    kind.startsWith('E_SERVICE') ? recordedWords(tables.services, Service, id) : recordedWords(tables.dests, Dest, id);
  return { key, is: (id) => sameWords(words, recorded(id)) };
}

/** The endpoint of a service. */
export function serviceEndpoint(tables: Tables, key: ServiceKey): EndpointRef {
  if (key.kind === 'fwmark') return markEndpoint(key.mark, key.family === 'inet6');
  const [words, protocol] = [packetWords(key.address), IpProtocol[key.protocol]];
  return endpointOf(tables, isWide(key) ? 'E_SERVICE_ALL' : 'E_SERVICE', { words, port: swap16(key.port), protocol });
}

/** The endpoint of a service by its record. */
export function recordedServiceEndpoint(tables: Tables, id: number): EndpointRef {
  const { services } = tables;
  const mark = services.get(id, Service.mark);
  if (mark !== 0) return markEndpoint(mark, isIpv6(services, Service, id));
  const [port, protocol] = [services.get(id, Service.port), services.get(id, Service.protocol)];
  const words = recordedWords(services, Service, id);
  return endpointOf(tables, isRecordedWide(tables, id) ? 'E_SERVICE_ALL' : 'E_SERVICE', { words, port, protocol });
}

/** The endpoint of a masqueraded destination: of a service of all ports or of a mark with all ports of the address, by any protocol. */
export function realEndpoint(tables: Tables, id: number): EndpointRef {
  const { dests } = tables;
  const words = recordedWords(dests, Dest, id);
  if (isRecordedWide(tables, dests.get(id, Dest.service))) return endpointOf(tables, 'E_REAL_ALL', { words, port: 0, protocol: 0 });
  return endpointOf(tables, 'E_REAL', {
    words,
    port: dests.get(id, Dest.port),
    protocol: dests.get(id, Dest.protocol),
  });
}

/**
 * The endpoint by which packets of its data connections find a destination of a service of FTP: it leads to one of those with the address.
 * undefined: the destination is of another service.
 */
export function ftpDataEndpoint(tables: Tables, id: number): EndpointRef | undefined {
  const { dests } = tables;
  if (!isRecordedFtp(tables, dests.get(id, Dest.service)) && !isHelped(tables, id)) return undefined;
  return endpointOf(tables, 'E_REAL_ALL', { words: recordedWords(dests, Dest, id), port: 0, protocol: IpProtocol.tcp });
}

/** The key of a service by its record. @throws WeirError table-unknown-number */
export function keyOfService(services: Records, id: number): ServiceKey {
  const mark = services.get(id, Service.mark);
  if (mark !== 0) return { kind: 'fwmark', family: isIpv6(services, Service, id) ? 'inet6' : 'inet', mark };
  return {
    kind: 'address',
    protocol: protocolName(services.get(id, Service.protocol)),
    address: recordedAddress(services, Service, id),
    port: swap16(services.get(id, Service.port)),
  };
}

const SCHEDULER_FLAGS = 0x7;

/** The flags of a service's record, but for its persistence (persistence.ts) and what its destinations make of it. */
export const flagsOf = ({ schedFlags, onePacket }: ServiceSpec): number =>
  (schedFlags << Abi.SVC_SCHEDULER_SHIFT) | (onePacket ? Abi.SVC_ONEPACKET : 0);

/** The specification of a service by its record. @throws WeirError table-unknown-number */
export function specOfService(services: Records, id: number): ServiceSpec {
  const { scheduler, flags } = readServiceWord(services, id);
  const persistence = readPersistence(services, id, flags);
  return {
    key: keyOfService(services, id),
    scheduler: schedulerName(scheduler),
    schedFlags: (flags >> Abi.SVC_SCHEDULER_SHIFT) & SCHEDULER_FLAGS,
    ...(persistence === undefined ? {} : { persistence }),
    ...((flags & CallAbi.SVC_SIP_IDLE) === 0 ? {} : { idleEngine: SIP }),
    onePacket: (flags & Abi.SVC_ONEPACKET) !== 0,
  };
}
