// How a destination is reached, as one word: the method and the tunnel, so that an edit of both is one store (recovery/intent.ts).
import { type ClientAddress, type DestinationSpec, type ForwardingMethod, PLAIN_TUNNEL, type Tunnel } from '../../../model/service.js';
import { swap16 } from '../../../wire/bytes.js';
import { Dest } from '../abi.gen.js';
import { DrainAbi } from '../drain.gen.js';
import { FullnatAbi, ClientAddress as Reported } from '../fullnat.gen.js';
import { TunnelAbi, TunnelType } from '../tunnel.gen.js';
import { methodName, methodNumber } from './identity.js';
import type { Tables } from './tables.js';

/** Bits of the word: the method, and from these on the tunnel's type (of FULLNAT how clients are reported), flags and port. Among the flags, which have
 * room for one, is whether a drain holds the destination: so an edit of that and of the weight is one store, too. */
const [TYPE_SHIFT, FLAGS_SHIFT, PORT_SHIFT] = [8, 12, 16];
const [METHOD_MASK, TYPE_MASK, FLAGS_MASK] = [0xff, 0xf, 0xb];
const HELD = 0x4 << FLAGS_SHIFT;
const FULLNAT = FullnatAbi.FORWARD_FULLNAT;

const TYPES: Readonly<Record<Tunnel['type'], number>> = {
  ipip: TunnelType.TUNNEL_IPIP,
  gue: TunnelType.TUNNEL_GUE,
  gre: TunnelType.TUNNEL_GRE,
};
const CLIENT_ADDRESSES: Readonly<Record<ClientAddress, number>> = { toa: Reported.CLIENT_TOA, proxy: Reported.CLIENT_PROXY };
const CHECKSUMS: Readonly<Record<Tunnel['checksum'], number>> = {
  nocsum: 0,
  csum: TunnelAbi.TUNNEL_CSUM,
  remcsum: TunnelAbi.TUNNEL_REMCSUM,
};

type ForwardingSpec = Pick<DestinationSpec, 'method' | 'tunnel' | 'clientAddress'>;

function nameIn<T extends string>(numbers: Readonly<Record<T, number>>, number: number, otherwise: T): T {
  return (Object.keys(numbers) as T[]).find((name) => numbers[name] === number) ?? otherwise;
}

/** The word of a specification, and of whether a drain holds the destination. */
export const forwardingWord = (spec: ForwardingSpec, held: boolean): number => (specWord(spec) | (held ? HELD : 0)) >>> 0;

function specWord({ method, tunnel, clientAddress }: ForwardingSpec): number {
  const reported = clientAddress === undefined ? Reported.CLIENT_UNREPORTED : CLIENT_ADDRESSES[clientAddress];
  if (method === 'fullnat') return ((FULLNAT << FLAGS_SHIFT) | (reported << TYPE_SHIFT) | methodNumber(method)) >>> 0;
  const { type, port, checksum } = tunnel;
  return ((port << PORT_SHIFT) | (CHECKSUMS[checksum] << FLAGS_SHIFT) | (TYPES[type] << TYPE_SHIFT) | methodNumber(method)) >>> 0;
}

/** Does a drain hold the destination? */
export const isHeld = (word: number): boolean => (word & HELD) !== 0;

/** Does it stand for masquerading with local addresses? */
export const isFullnat = (word: number): boolean => ((word >>> FLAGS_SHIFT) & FULLNAT) !== 0;

export interface Forwarding {
  readonly method: ForwardingMethod;
  readonly tunnel: Tunnel;
  readonly clientAddress?: ClientAddress;
}

/** What a word stands for. @throws WeirError table-unknown-number */
export function forwardingOf(word: number): Forwarding {
  if (isFullnat(word)) {
    const number = (word >>> TYPE_SHIFT) & TYPE_MASK;
    const reported = (Object.keys(CLIENT_ADDRESSES) as ClientAddress[]).find((name) => CLIENT_ADDRESSES[name] === number);
    return { method: 'fullnat', tunnel: PLAIN_TUNNEL, ...(reported === undefined ? {} : { clientAddress: reported }) };
  }
  return { method: methodName(word & METHOD_MASK), tunnel: (word & ~HELD) >>> TYPE_SHIFT === 0 ? PLAIN_TUNNEL : tunnelOf(word) };
}

function tunnelOf(word: number): Tunnel {
  const checksum = nameIn(CHECKSUMS, (word >>> FLAGS_SHIFT) & FLAGS_MASK, 'nocsum');
  return { type: nameIn(TYPES, (word >>> TYPE_SHIFT) & TYPE_MASK, 'ipip'), port: word >>> PORT_SHIFT, checksum };
}

/** The word of a destination's record. */
export function recordedForwarding({ dests }: Tables, id: number): number {
  const held = (dests.get(id, Dest.flags) & DrainAbi.D_DRAINED) === 0 ? 0 : HELD;
  const tunnel = (swap16(dests.get(id, Dest.tunnelPort)) << PORT_SHIFT) | ((dests.get(id, Dest.tunnelFlags) & FLAGS_MASK) << FLAGS_SHIFT);
  return (held | tunnel | (dests.get(id, Dest.tunnelType) << TYPE_SHIFT) | dests.get(id, Dest.method)) >>> 0;
}

/** Writes a word into a destination's record, the method last. */
export function storeForwarding({ dests }: Tables, id: number, word: number): void {
  const flags = dests.get(id, Dest.flags);
  dests.set(id, Dest.flags, isHeld(word) ? flags | DrainAbi.D_DRAINED : flags & ~DrainAbi.D_DRAINED);
  dests.set(id, Dest.tunnelPort, swap16(word >>> PORT_SHIFT));
  dests.set(id, Dest.tunnelFlags, (word >>> FLAGS_SHIFT) & FLAGS_MASK);
  dests.set(id, Dest.tunnelType, (word >>> TYPE_SHIFT) & TYPE_MASK);
  dests.set(id, Dest.method, word & METHOD_MASK);
}
