// The IPv6 header of a frame and the extension headers that may be passed over (RFC 8200).
import { IpProtocol } from '../../../../model/ip-protocol.js';
import { viewOf } from '../../../../wire/bytes.js';
import { IPV6_FRAGMENT_BYTES, IPV6_HEADER_BYTES } from '../../../../wire/ipv6.js';
import { ETHERNET_BYTES } from '../ethernet.js';
import { readIpv6 } from '../ip.js';
import type { IpPacket, Parsed } from '../packet.js';
import { isBalanced, readTransport, wholeBy } from '../transport.js';

const NEXT = { hopByHop: 0, routing: 43, fragment: 44, options: 60 } as const;
const PASSED_OVER: ReadonlySet<number> = new Set([NEXT.hopByHop, NEXT.routing, NEXT.options, IpProtocol.ah]);
const UPPER: ReadonlySet<number> = new Set([IpProtocol.tcp, IpProtocol.udp, IpProtocol.sctp, IpProtocol.icmpv6, IpProtocol.esp]);
const EXTENSIONS_MAX = 8;
/** With extension headers. */
const HEADER_MAX_BYTES = 255;
const LENGTH_MAX_BYTES = 0xffff;
const [OFFSET_AND_MORE, OFFSET, MORE] = [0xfff9, 0xfff8, 1];

/** Where the extension headers end. `fragment`: the word of a fragment header; 0 where there is none, or nothing was cut (RFC 6946). */
interface Upper {
  readonly protocol: number;
  readonly header: number;
  readonly fragment: number;
  /** Of a fragment header. */
  readonly id: number;
  readonly ends: number;
  /** Another extension header stands behind the fragment header: what the packet carries is in its first fragment alone. */
  readonly behind: boolean;
}

/** Bytes of an extension header, by its second byte. RFC 8200, 4.1; AH: RFC 4302, 2.2. */
const lengthOf = (kind: number, stated: number): number => (kind === IpProtocol.ah ? (stated + 2) * 4 : (stated + 1) * 8);

/** No protocol that is balanced. */
const NONE = 0;

/** undefined: a header that may not be passed over, or too many of them. Of a later fragment no further than its fragment header. */
function upperOf(frame: Uint8Array): Upper | undefined {
  const view = viewOf(frame);
  let next = view.getUint8(ETHERNET_BYTES + 6);
  let header = IPV6_HEADER_BYTES;
  let [fragment, id, ends] = [0, 0, 0];
  let behind = false;
  const unread = (): Upper | undefined => (behind ? { protocol: NONE, header: ends, fragment, id, ends, behind } : undefined);
  for (let n = 0; n < EXTENSIONS_MAX && !UPPER.has(next) && (fragment & OFFSET) === 0; n++) {
    const at = ETHERNET_BYTES + header;
    if (header > HEADER_MAX_BYTES || at + 4 > frame.length) return unread();
    const kind = next;
    next = view.getUint8(at);
    if (kind === NEXT.fragment && fragment === 0) {
      fragment = view.getUint16(at + 2) & OFFSET_AND_MORE;
      if (fragment !== 0 && at + IPV6_FRAGMENT_BYTES <= frame.length) id = view.getUint32(at + 4);
      header += IPV6_FRAGMENT_BYTES;
      ends = header;
      behind = fragment !== 0 && header <= HEADER_MAX_BYTES && PASSED_OVER.has(next);
      continue;
    }
    const segmentsLeft = kind === NEXT.routing ? view.getUint8(at + 3) : 0;
    if (!PASSED_OVER.has(kind) || segmentsLeft !== 0) return unread();
    header += lengthOf(kind, view.getUint8(at + 1));
  }
  const hidden = header > HEADER_MAX_BYTES || (behind && !isBalanced(next));
  return hidden ? unread() : { protocol: next, header, fragment, id, ends, behind };
}

export function parseIpv6(frame: Uint8Array, gsoSize: number): Parsed {
  if (frame.length < ETHERNET_BYTES + IPV6_HEADER_BYTES) return { kind: 'bad' };
  const view = viewOf(frame);
  if (view.getUint8(ETHERNET_BYTES) >> 4 !== 6) return { kind: 'bad' };
  const upper = upperOf(frame);
  if (upper === undefined) return { kind: 'other' };
  const room = frame.length - ETHERNET_BYTES;
  // A GSO packet may be longer than the field, which then has 0; any other one with 0 has no payload.
  const stated = gsoSize > 0 ? room : view.getUint16(ETHERNET_BYTES + 4) + IPV6_HEADER_BYTES;
  const packet: IpPacket = {
    family: 'inet6',
    source: readIpv6(frame, ETHERNET_BYTES + 8),
    destination: readIpv6(frame, ETHERNET_BYTES + 24),
    protocol: upper.protocol,
    length: Math.min(stated, LENGTH_MAX_BYTES),
    header: upper.header,
    ttl: view.getUint8(ETHERNET_BYTES + 7),
    dontFragment: true,
    fragment: upper.fragment !== 0,
    isLarge: gsoSize > 0,
    bytes: stated,
  };
  const at = upper.fragment & OFFSET;
  const part = {
    id: upper.id,
    later: at !== 0,
    ends: upper.ends,
    behind: upper.behind,
    span: { from: at, to: (upper.fragment & MORE) !== 0 ? at + packet.length - upper.ends : undefined },
    passes: false,
    whole: wholeBy(at, (upper.fragment & MORE) !== 0, packet),
  };
  const parsed = readTransport(frame, packet, packet.fragment ? part : undefined);
  if (parsed.kind !== 'ok') return parsed;
  if (parsed.packet.portless && (stated > room || gsoSize > 0)) return { kind: 'other' };
  return stated > room ? { kind: 'bad', packet: parsed.packet } : parsed;
}
