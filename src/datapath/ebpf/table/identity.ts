// Between the model's nouns and the numbers of the tables: protocols, schedulers, methods, addresses.

import type { Address } from '../../../model/address.js';
import { capability } from '../../../model/capabilities.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { ForwardingMethod, Protocol, ServiceKey, ServiceSpec } from '../../../model/service.js';
import type { Records } from '../../../sys/bpf/records.js';
import { swap16, swap32 } from '../../../wire/bytes.js';
import { Abi, Dest, METHOD_NAMES, SCHEDULER_NAMES, Service } from '../abi.gen.js';
import { endpointKey } from './endpoint-table.js';
import { readServiceWord } from './service-word.js';

function known<T>(name: T | undefined, number: number, what: string): T {
  if (name === undefined) throw new WeirError('table-unknown-number', { what, number });
  return name;
}

export const protocolName = (number: number): Protocol =>
  known(
    (['tcp', 'udp', 'sctp'] as const).find((name) => IpProtocol[name] === number),
    number,
    'protocol',
  );
export const schedulerName = (number: number): string => known(SCHEDULER_NAMES[number], number, 'scheduler');
export const methodName = (number: number): ForwardingMethod => known(METHOD_NAMES[number], number, 'forwarding method');
export const methodNumber = (name: ForwardingMethod): number => METHOD_NAMES.indexOf(name);

/** @throws WeirError scheduler-unknown */
export function schedulerNumber(name: string): number {
  const number = (SCHEDULER_NAMES as readonly string[]).indexOf(name);
  if (number < 0) throw new WeirError('scheduler-unknown', { scheduler: name });
  return number;
}

/** An IPv4 address in packet order. @throws WeirError not-yet for IPv6 */
export function packetAddress(address: Address): number {
  if (address.family !== 'inet') throw new WeirError('not-yet', { missing: capability('ipv6-services').missing });
  return swap32(address.words[0] ?? 0);
}

export function modelAddress(packetOrder: number): Address {
  return { family: 'inet', words: [swap32(packetOrder)] };
}

/** Whether the table has a place for such a service. */
export function canBeHeld(key: ServiceKey): boolean {
  return key.kind === 'address' && key.protocol !== 'sctp' && key.address.family === 'inet';
}

/** The endpoint of a service. @throws WeirError not-yet for what the datapath does not do yet */
export function serviceEndpoint(key: ServiceKey): bigint {
  if (key.kind === 'fwmark') throw new WeirError('not-yet', { missing: capability('firewall-marks').missing });
  if (key.protocol === 'sctp') throw new WeirError('not-yet', { missing: capability('sctp').missing });
  return endpointKey(packetAddress(key.address), swap16(key.port), IpProtocol[key.protocol], 'E_SERVICE');
}

/** From a service's own record. */
export function recordedServiceEndpoint(services: Records, id: number): bigint {
  return endpointKey(services.get(id, Service.addr), services.get(id, Service.port), services.get(id, Service.protocol), 'E_SERVICE');
}

export function realEndpoint(dests: Records, id: number): bigint {
  return endpointKey(dests.get(id, Dest.addr), dests.get(id, Dest.port), dests.get(id, Dest.protocol), 'E_REAL');
}

export function keyOfService(services: Records, id: number): ServiceKey {
  return {
    kind: 'address',
    protocol: protocolName(services.get(id, Service.protocol)),
    address: modelAddress(services.get(id, Service.addr)),
    port: swap16(services.get(id, Service.port)),
  };
}

const SCHEDULER_FLAGS = 0x7;

/** The flags of a service's record, but for what its destinations make of it. */
export const flagsOf = ({ schedFlags, onePacket }: ServiceSpec): number =>
  (schedFlags << Abi.SVC_SCHEDULER_SHIFT) | (onePacket ? Abi.SVC_ONEPACKET : 0);

export function specOfService(services: Records, id: number): ServiceSpec {
  const { scheduler, flags } = readServiceWord(services, id);
  return {
    key: keyOfService(services, id),
    scheduler: schedulerName(scheduler),
    schedFlags: (flags >> Abi.SVC_SCHEDULER_SHIFT) & SCHEDULER_FLAGS,
    onePacket: (flags & Abi.SVC_ONEPACKET) !== 0,
  };
}
