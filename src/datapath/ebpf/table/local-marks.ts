// The marks of destinations whose address is the director's own: packets for them go to its stack.
import { type Address, isLoopbackAddress } from '../../../model/address.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { Abi, Conf, Dest } from '../abi.gen.js';
import { packetWords, recordedAddress } from './record-address.js';
import type { Tables } from './tables.js';

interface WrongMark {
  readonly id: number;
  /** As they must be. */
  readonly flags: number;
}

/** A number for IPv4: many destinations are compared. */
const nameOf = (words: readonly number[]): number | string => (words.length === 1 ? (words[0] ?? 0) : words.join('.'));

/** Is an address one of this host? */
export type IsOwn = (address: Address) => boolean;

export function ownBy(addresses: readonly InterfaceAddress[]): IsOwn {
  const own = new Set(addresses.map(({ address }) => nameOf(packetWords(address))));
  return (address) => own.has(nameOf(packetWords(address))) || isLoopbackAddress(address);
}

/** The destinations whose mark is not as the addresses of this host are. */
export function wrongLocalMarks({ conf, dests }: Tables, addresses: readonly InterfaceAddress[]): readonly WrongMark[] {
  const isOwn = ownBy(addresses);
  const found: WrongMark[] = [];
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    const flags = dests.get(id, Dest.flags);
    const should = isOwn(recordedAddress(dests, Dest, id)) ? flags | Abi.D_LOCAL : flags & ~Abi.D_LOCAL;
    if (should !== flags) found.push({ id, flags: should });
  }
  return found;
}

/** Corrects the marks; how many were wrong. */
export function markLocal(tables: Tables, addresses: readonly InterfaceAddress[]): number {
  const wrong = wrongLocalMarks(tables, addresses);
  for (const { id, flags } of wrong) tables.dests.set(id, Dest.flags, flags);
  return wrong.length;
}
