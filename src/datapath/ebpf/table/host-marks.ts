// The marks of destinations by what this host is to them: packets for its own addresses go to its stack; by NAT those that policies of IPsec are
// for, too, since the stack alone applies policies.
import { type Address, isLoopbackAddress } from '../../../model/address.js';
import type { IpsecPolicies } from '../../../model/ipsec-policy.js';
import type { DestinationSpec, ServiceKey } from '../../../model/service.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { Abi, Conf, Dest } from '../abi.gen.js';
import { specOfService } from './identity.js';
import { packetWords, recordedAddress } from './record-address.js';
import { specOfDestination } from './table-entries.js';
import type { Tables } from './tables.js';

/** Flags of a destination of this service. */
export type MarksOf = (key: ServiceKey, destination: DestinationSpec) => number;

export interface WrongMark {
  readonly id: number;
  /** As they must be. */
  readonly flags: number;
}

/** A number for IPv4: many destinations are compared. */
const nameOf = (words: readonly number[]): number | string => (words.length === 1 ? (words[0] ?? 0) : words.join('.'));

/** Is an address one of this host? */
export type IsOwn = (address: Address) => boolean;

/** Compares with these addresses of the host; loopback addresses are always its own. */
export function ownBy(addresses: readonly InterfaceAddress[]): IsOwn {
  const own = new Set(addresses.map(({ address }) => nameOf(packetWords(address))));
  return (address) => own.has(nameOf(packetWords(address))) || isLoopbackAddress(address);
}

/** The destinations whose mark is not as the addresses of this host are. */
export function wrongLocalMarks({ conf, dests }: Tables, isOwn: IsOwn): readonly WrongMark[] {
  const found: WrongMark[] = [];
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    const flags = dests.get(id, Dest.flags);
    const should = isOwn(recordedAddress(dests, Dest, id)) ? flags | Abi.D_LOCAL : flags & ~Abi.D_LOCAL;
    if (should !== flags) found.push({ id, flags: should });
  }
  return found;
}

const POLICED = Abi.D_POLICED | Abi.D_POLICED_BACK;
/** All bits of a destination's flags that are such marks. */
export const HOST_MARKS = Abi.D_LOCAL | POLICED;

function policyMarks(policies: IpsecPolicies, key: ServiceKey, destination: DestinationSpec): number {
  // Of any method: connections keep the one that they began by, and of the others the datapath does not look at it.
  const { requests, answers } = policies.policed(key, destination);
  return (requests ? Abi.D_POLICED : 0) | (answers ? Abi.D_POLICED_BACK : 0);
}

/** `policies`: as they are now. */
export const marksBy =
  (isOwn: IsOwn, policies: () => IpsecPolicies): MarksOf =>
  (key, destination) =>
    (isOwn(destination.address) ? Abi.D_LOCAL : 0) | policyMarks(policies(), key, destination);

/** The destinations whose marks are not as the policies are. Those that are removed keep theirs. */
export function wrongPolicyMarks(tables: Tables, policies: IpsecPolicies): readonly WrongMark[] {
  const { conf, dests } = tables;
  const keys = new Map<number, ServiceKey>();
  const found: WrongMark[] = [];
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    const flags = dests.get(id, Dest.flags);
    if ((policies.isNone && (flags & POLICED) === 0) || (flags & Abi.D_AVAILABLE) === 0) continue;
    const service = dests.get(id, Dest.service);
    const key = keys.get(service) ?? specOfService(tables.services, service).key;
    keys.set(service, key);
    const should = (flags & ~POLICED) | policyMarks(policies, key, specOfDestination(tables, id));
    if (should !== flags) found.push({ id, flags: should });
  }
  return found;
}

/** Corrects the marks; how many were wrong. */
export function correctMarks({ dests }: Tables, wrong: readonly WrongMark[]): number {
  for (const { id, flags } of wrong) dests.set(id, Dest.flags, flags);
  return wrong.length;
}
