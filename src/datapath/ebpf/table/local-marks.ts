// The marks of destinations whose address is the director's own: packets for them go to its stack.
import { swap32 } from '../../../wire/bytes.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { Abi, Conf, Dest } from '../abi.gen.js';
import type { Tables } from './tables.js';

interface WrongMark {
  readonly id: number;
  /** As they must be. */
  readonly flags: number;
}

/** The destinations whose mark is not as the addresses of this host are. */
export function wrongLocalMarks({ conf, dests }: Tables, addresses: readonly InterfaceAddress[]): readonly WrongMark[] {
  const own = new Set(addresses.filter(({ address }) => address.family === 'inet').map(({ address }) => address.words[0] ?? 0));
  const found: WrongMark[] = [];
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    const address = swap32(dests.get(id, Dest.addr));
    const flags = dests.get(id, Dest.flags);
    const here = own.has(address) || address >>> 24 === 127;
    const should = here ? flags | Abi.D_LOCAL : flags & ~Abi.D_LOCAL;
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
