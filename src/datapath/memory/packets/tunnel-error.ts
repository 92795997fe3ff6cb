// ICMP errors that routers send to the director about outer packets of its tunnels, IPv4 in IPv4: the client gets one about the packet inside, from its
// VIP. Only where the packet inside has a connection to that server, by that tunnel.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { concat, viewOf } from '../../../wire/bytes.js';
import { EtherType } from '../../../wire/ethernet.js';
import { encodeIcmp, IcmpType, IcmpUnreachable, tosOfError } from '../../../wire/icmp.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../wire/ipv4.js';
import type { Connection } from './connection.js';
import type { Question } from './decide.js';
import { ETHERNET_BYTES, handIn, setMacs } from './ethernet.js';
import type { Quoted } from './family-rules.js';
import { countPacket, type Outcome } from './forward.js';
import { headerBytes, ICMP_BYTES, quoteAt, quotedPacket } from './icmp-quote.js';
import { addressOf, type Ip, readIpv4 } from './ip.js';
import { IPV4_BYTES } from './ipv4/parse.js';
import { invalid, type Message } from './related.js';

const [PORTS_BYTES, UDP_BYTES, GUE_BYTES, GRE_BYTES, GRE_SUM_BYTES] = [4, 8, 4, 4, 4] as const;
const GRE_HAS_SUM = 0x8000;
/** Of GUE's first byte: the version with the bit of control messages, and the length of the options in words. */
const [GUE_VERSION, GUE_WORDS] = [0xe0, 0x1f];
const [FRAGMENT_OFFSET, DONT_FRAGMENT] = [0x1fff, 0x4000];
const [QUOTE_MAX_BYTES, MTU_MIN] = [548, 68];

type Kind = { readonly type: 'ipip' | 'gre' } | { readonly type: 'gue'; readonly port: number };

/** What such an error quotes. */
export interface TunnelQuote {
  readonly kind: Kind;
  readonly server: Ip;
  /** The packet inside, which its client sent. */
  readonly inner: Quoted;
  readonly dontFragment: boolean;
  /** In the frame: of the inner header, and of the ports behind it. */
  readonly at: number;
  readonly portsAt: number;
  /** Bytes that the tunnel takes. */
  readonly room: number;
}

/** The kind of a tunnel, and the bytes between its two IP headers. */
function betweenOf(frame: Uint8Array, protocol: number, at: number): { readonly kind: Kind; readonly bytes: number } | undefined {
  if (protocol === IpProtocol.ipip) return { kind: { type: 'ipip' }, bytes: 0 };
  if (frame.length < at + UDP_BYTES + GUE_BYTES) return undefined;
  const view = viewOf(frame);
  if (protocol === IpProtocol.gre) {
    const flags = view.getUint16(at);
    const isPlain = (flags & ~GRE_HAS_SUM) === 0 && view.getUint16(at + 2) === EtherType.ipv4;
    return isPlain ? { kind: { type: 'gre' }, bytes: GRE_BYTES + (flags === 0 ? 0 : GRE_SUM_BYTES) } : undefined;
  }
  const first = view.getUint8(at + UDP_BYTES);
  const isGue = protocol === IpProtocol.udp && (first & GUE_VERSION) === 0 && view.getUint8(at + UDP_BYTES + 1) === IpProtocol.ipip;
  return isGue
    ? { kind: { type: 'gue', port: view.getUint16(at + 2) }, bytes: UDP_BYTES + GUE_BYTES + 4 * (first & GUE_WORDS) }
    : undefined;
}

/** undefined: the error is about no packet in a tunnel. */
export function tunnelQuoteOf({ frame, packet }: Message): TunnelQuote | undefined {
  const outer = quoteAt(packet);
  const type = frame[outer - ICMP_BYTES];
  if (packet.family !== 'inet' || (type !== IcmpType.unreachable && type !== IcmpType.timeExceeded)) return undefined;
  const behind = outer + headerBytes(frame, outer);
  const between = betweenOf(frame, frame[outer + 9] ?? 0, behind);
  if (between === undefined) return undefined;
  const at = behind + between.bytes;
  const header = headerBytes(frame, at);
  const portsAt = at + header;
  if ((frame[at] ?? 0) >> 4 !== 4 || header < IPV4_BYTES || frame.length < portsAt + PORTS_BYTES) return undefined;
  const flags = viewOf(frame).getUint16(at + 6);
  if ((flags & FRAGMENT_OFFSET) !== 0) return undefined;
  const ends = { source: readIpv4(frame, at + 12), destination: readIpv4(frame, at + 16), protocol: frame[at + 9] ?? 0 };
  const inner = quotedPacket(frame, ends, portsAt);
  const server = readIpv4(frame, outer + 16);
  return { kind: between.kind, server, inner, dontFragment: (flags & DONT_FRAGMENT) !== 0, at, portsAt, room: at - outer };
}

/** The connection of the packet inside, where its server is behind that tunnel. */
function connectionOf({ scope, now }: Question, { kind, server, inner }: TunnelQuote): Connection | undefined {
  const { from: client, to: virtual, protocol } = inner;
  const service = scope.service(virtual, protocol, { client, now });
  const found = service && scope.connections.find(service, { client, virtual, protocol }, now);
  if (found === undefined || found.method !== 'tunnel' || found.destination.address !== server) return undefined;
  const { tunnel } = found.destination;
  return tunnel.type === kind.type && (kind.type !== 'gue' || tunnel.port === kind.port) ? found : undefined;
}

function errorOf({ frame }: Message, { inner, at, room }: TunnelQuote, size: number): Uint8Array {
  const [type = 0, code = 0] = frame.subarray(at - room - ICMP_BYTES);
  const named = viewOf(frame).getUint16(at - room - 2);
  const isNeeded = type === IcmpType.unreachable && code === IcmpUnreachable.fragmentationNeeded;
  const mtu = named > room + MTU_MIN ? named - room : MTU_MIN;
  const error = encodeIpv4({
    ...IPV4_DEFAULTS,
    tos: tosOfError(frame[at + 1] ?? 0),
    protocol: IpProtocol.icmp,
    source: addressOf(inner.to.address),
    destination: addressOf(inner.from.address),
    payload: encodeIcmp({ type, code, rest: isNeeded ? mtu : 0, body: frame.slice(at, at + size) }),
  });
  return concat(frame.subarray(0, ETHERNET_BYTES), error);
}

/** undefined: it is about no connection of this scope. */
export function aboutTunnelled(question: Question, message: Message, quote: TunnelQuote): Outcome | undefined {
  const { environment, device, table } = question;
  const { frame, packet } = message;
  const { inner, at, portsAt, dontFragment, room } = quote;
  const { kind } = environment.hop(device, packet.destination, packet.source);
  if (kind !== 'local' && kind !== 'unknown') return undefined;
  const found = connectionOf(question, quote);
  if (found === undefined) return undefined;
  const wrong = invalid(question, message);
  if (wrong !== undefined) return wrong;
  const left = packet.length - (at - ETHERNET_BYTES);
  if (left < portsAt - at + PORTS_BYTES) return undefined;
  const [type, code] = frame.subarray(at - room - ICMP_BYTES);
  const isNeeded = type === IcmpType.unreachable && code === IcmpUnreachable.fragmentationNeeded;
  if (isNeeded && !dontFragment) return { verdict: 'drop', frame };
  const refused = (reason: 'icmp_limited' | 'no_route'): Outcome => {
    table.count(reason);
    return { verdict: 'drop', frame };
  };
  if (!isNeeded && !environment.icmpAllowed()) return refused('icmp_limited');
  const size = Math.min(left, QUOTE_MAX_BYTES);
  const error = errorOf(message, quote, size);
  countPacket(found.destination, size, true);
  const hop = environment.hop(device, inner.from.address, inner.to.address);
  if (hop.kind === 'none' || hop.kind === 'unknown') return refused('no_route');
  if (hop.kind === 'local') handIn(error);
  else if (hop.kind === 'ready') setMacs(error, hop.to, hop.from);
  return { verdict: 'redirect', frame: error };
}
