// How a destination is reached, as one word: the method and the tunnel, so that an edit of both is one store (recovery/intent.ts).
import type { DestinationSpec, ForwardingMethod, Tunnel } from '../../../model/service.js';
import { swap16 } from '../../../wire/bytes.js';
import { Dest } from '../abi.gen.js';
import { FullnatAbi } from '../fullnat.gen.js';
import { TunnelAbi, TunnelType } from '../tunnel.gen.js';
import { methodName, methodNumber } from './identity.js';
import type { Tables } from './tables.js';

/** Bits of the word: the method, and from these on the tunnel's type, flags and port. */
const [TYPE_SHIFT, FLAGS_SHIFT, PORT_SHIFT] = [8, 12, 16];
const [METHOD_MASK, TYPE_MASK, FLAGS_MASK] = [0xff, 0xf, 0xf];
const FULLNAT = FullnatAbi.FORWARD_FULLNAT;

const TYPES: Readonly<Record<Tunnel['type'], number>> = {
  ipip: TunnelType.TUNNEL_IPIP,
  gue: TunnelType.TUNNEL_GUE,
  gre: TunnelType.TUNNEL_GRE,
};
const CHECKSUMS: Readonly<Record<Tunnel['checksum'], number>> = {
  nocsum: 0,
  csum: TunnelAbi.TUNNEL_CSUM,
  remcsum: TunnelAbi.TUNNEL_REMCSUM,
};

function nameIn<T extends string>(numbers: Readonly<Record<T, number>>, number: number, otherwise: T): T {
  return (Object.keys(numbers) as T[]).find((name) => numbers[name] === number) ?? otherwise;
}

/** The word of a specification. */
export function forwardingWord({ method, tunnel: { type, port, checksum } }: Pick<DestinationSpec, 'method' | 'tunnel'>): number {
  const flags = CHECKSUMS[checksum] | (method === 'fullnat' ? FULLNAT : 0);
  return ((port << PORT_SHIFT) | (flags << FLAGS_SHIFT) | (TYPES[type] << TYPE_SHIFT) | methodNumber(method)) >>> 0;
}

/** Does it stand for masquerading with local addresses? */
export const isFullnat = (word: number): boolean => ((word >>> FLAGS_SHIFT) & FULLNAT) !== 0;

/** What a word stands for. @throws WeirError table-unknown-number */
export function forwardingOf(word: number): { readonly method: ForwardingMethod; readonly tunnel: Tunnel } {
  const type = nameIn(TYPES, (word >>> TYPE_SHIFT) & TYPE_MASK, 'ipip');
  const checksum = nameIn(CHECKSUMS, (word >>> FLAGS_SHIFT) & FLAGS_MASK & ~FULLNAT, 'nocsum');
  return { method: isFullnat(word) ? 'fullnat' : methodName(word & METHOD_MASK), tunnel: { type, port: word >>> PORT_SHIFT, checksum } };
}

/** The word of a destination's record. */
export function recordedForwarding({ dests }: Tables, id: number): number {
  const tunnel = (swap16(dests.get(id, Dest.tunnelPort)) << PORT_SHIFT) | (dests.get(id, Dest.tunnelFlags) << FLAGS_SHIFT);
  return (tunnel | (dests.get(id, Dest.tunnelType) << TYPE_SHIFT) | dests.get(id, Dest.method)) >>> 0;
}

/** Writes a word into a destination's record, the method last. */
export function storeForwarding({ dests }: Tables, id: number, word: number): void {
  dests.set(id, Dest.tunnelPort, swap16(word >>> PORT_SHIFT));
  dests.set(id, Dest.tunnelFlags, (word >>> FLAGS_SHIFT) & FLAGS_MASK);
  dests.set(id, Dest.tunnelType, (word >>> TYPE_SHIFT) & TYPE_MASK);
  dests.set(id, Dest.method, word & METHOD_MASK);
}
