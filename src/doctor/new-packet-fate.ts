// What this host's packet filter does with a packet that begins a connection, by its rules of now.
import { PAIR } from '../datapath/ebpf/load/pair.js';
import { collectFilterChains } from './collect/filter-chains.js';
import { type FilterFate, type FilterWay, fateOf, type NewPacket } from './packet-filter/fate.js';

/** `unread`: which rules could not be read; null: none. */
export function newPacketFate(packet: NewPacket, way: FilterWay): FilterFate & { readonly unread: string | null } {
  const { chains, notExamined } = collectFilterChains();
  const found = fateOf(chains, packet, PAIR.near, way);
  const unread = notExamined[0]?.what ?? null;
  return { ...(unread !== null && found.fate === 'accepted' ? { ...found, fate: 'uncertain' } : found), unread };
}
