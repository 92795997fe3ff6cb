// Frames that show whether a host takes packets as a director hands them over, and what the frames that come back are: of doctor, and of
// VIP_CHECK. Which of one's own frames they answer is for the caller to judge.
import type { Address, Family } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { viewOf } from './bytes.js';
import { echoRequest } from './echo.js';
import { decodeEthernet, EtherType, encodeEthernet, type Mac } from './ethernet.js';
import { decodeIcmp, IcmpType, isIcmpError } from './icmp.js';
import { sumIcmpv6 } from './icmpv6.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS, type Ipv4Packet } from './ipv4.js';
import { decodeIpv6, encodeIpv6 } from './ipv6.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag } from './tcp.js';
import { carriedIn, encapsulate, type TunnelEnds } from './tunnel-packet.js';
import { encodeUdp } from './udp.js';

/** `echo`: an ICMP echo request that makes an IP packet of so many bytes, which must not be fragmented. */
export type ProbeContent =
  | { readonly kind: 'syn' | 'datagram'; readonly port: number }
  | { readonly kind: 'echo'; readonly packetBytes: number };

/** One packet from `source` to `target`, in a frame for one host. */
export interface Probe {
  readonly ifindex: number;
  readonly mac: Mac;
  /** The next hop's, as the datapath would use it. */
  readonly nextHopMac: Mac;
  readonly source: Address;
  readonly target: Address;
  readonly content: ProbeContent;
  /** Absent: the usual one. */
  readonly ttl?: number;
  /** In which the packet goes; absent: in none. */
  readonly tunnel?: Omit<TunnelEnds, 'sourcePort'>;
}

/** `tag`: the source port, or the identifier of an echo. */
export interface Trial<T extends Probe = Probe> {
  readonly probe: T;
  readonly tag: number;
  readonly sequence: number;
}

const DONT_FRAGMENT = 2;
/** Of an IP and an ICMP header. */
const ECHO_HEADERS_BYTES = { inet: 28, inet6: 48 } as const;
export const ECHO_SMALL_BYTES = 84;
const ICMP6_ECHO_REPLY = 129;
const ICMP6_FIRST_REQUEST = 128;

/** The family of the frame's packet: with a tunnel that of the outer one. */
export const frameFamily = ({ target, tunnel }: Probe): Family => tunnel?.destination.family ?? target.family;

function ipPacket({ source, target: destination, ttl = IPV4_DEFAULTS.ttl }: Probe, protocol: number, payload: Uint8Array): Uint8Array {
  if (destination.family === 'inet6') return encodeIpv6({ source, destination, protocol, hopLimit: ttl, payload });
  return encodeIpv4({ ...IPV4_DEFAULTS, flags: DONT_FRAGMENT, ttl, protocol, source, destination, payload });
}

function ipFrame({ probe, tag }: Trial, protocol: number, payload: Uint8Array): Uint8Array {
  const packet = ipPacket(probe, protocol, payload);
  const { tunnel } = probe;
  return encodeEthernet({
    destination: probe.nextHopMac,
    source: probe.mac,
    tags: [],
    etherType: frameFamily(probe) === 'inet' ? EtherType.ipv4 : EtherType.ipv6,
    payload: tunnel === undefined ? packet : encapsulate(packet, probe.target.family, { ...tunnel, sourcePort: tag }),
  });
}

function segmentFrame(trial: Trial, port: number, flags: number, sequence: number): Uint8Array {
  const { source, target } = trial.probe;
  const segment = { ...TCP_DEFAULTS, sourcePort: trial.tag, destinationPort: port, flags, sequence };
  return ipFrame(trial, IpProtocol.tcp, encodeTcp(segment, source, target));
}

function echoFrame(trial: Trial, packetBytes: number): Uint8Array {
  const { source, target } = trial.probe;
  const { family } = target;
  const echo = { id: trial.tag, sequence: 1, data: new Uint8Array(packetBytes - ECHO_HEADERS_BYTES[family]) };
  const message = echoRequest(family, echo);
  if (family === 'inet') return ipFrame(trial, IpProtocol.icmp, message);
  sumIcmpv6(message, source, target);
  return ipFrame(trial, IpProtocol.icmpv6, message);
}

export function probeFrame(trial: Trial): Uint8Array {
  const { content, source, target } = trial.probe;
  switch (content.kind) {
    case 'syn':
      return segmentFrame(trial, content.port, TcpFlag.syn, trial.sequence);
    case 'datagram': {
      const datagram = { sourcePort: trial.tag, destinationPort: content.port, payload: new Uint8Array(0) };
      return ipFrame(trial, IpProtocol.udp, encodeUdp(datagram, source, target));
    }
    case 'echo':
      return echoFrame(trial, content.packetBytes);
  }
}

/** Closes the half-open connection at the server. Undefined where the probe opens none. */
export function resetFrame(trial: Trial): Uint8Array | undefined {
  const { content } = trial.probe;
  return content.kind === 'syn' ? segmentFrame(trial, content.port, TcpFlag.rst, (trial.sequence + 1) >>> 0) : undefined;
}

/** What an ICMP error quotes of the packet that it is about. */
export interface Quoted {
  readonly protocol: number;
  readonly destination: Address;
  /** Its source port, or the identifier of an echo. */
  readonly tag: number;
  /** Its destination port; of an echo it means nothing. */
  readonly port: number;
  /** Of a segment. */
  readonly sequence: number;
  /** Of a tunnel's packet: that in it. */
  readonly within?: Quoted;
}

/** A packet that came: `segment` of TCP, `datagram` of UDP, `echo-reply` and `error` of ICMP. */
export type Arrival =
  | {
      readonly kind: 'segment';
      readonly source: Address;
      readonly destination: Address;
      readonly sourcePort: number;
      readonly destinationPort: number;
      readonly flags: number;
      readonly sequence: number;
      readonly acknowledgement: number;
    }
  | {
      readonly kind: 'datagram';
      readonly source: Address;
      readonly destination: Address;
      readonly sourcePort: number;
      readonly destinationPort: number;
    }
  | { readonly kind: 'echo-reply'; readonly source: Address; readonly destination: Address; readonly id: number }
  /** Type and code are those of ICMP, also of an IPv6 packet. */
  | { readonly kind: 'error'; readonly source: Address; readonly type: number; readonly code: number; readonly quoted: Quoted };

type Packet = Pick<Ipv4Packet, 'source' | 'destination' | 'protocol' | 'payload'>;

function quotedWithin({ protocol, payload }: Packet): Quoted | undefined {
  const carried = carriedIn(protocol, payload);
  if (carried === undefined) return undefined;
  return quotedIn(carried.family === 'inet' ? decodeIpv4(carried.inner, true) : decodeIpv6(carried.inner, true));
}

/** Undefined: too little of the packet is quoted. */
function quotedIn(quoted: Packet | undefined): Quoted | undefined {
  if (quoted === undefined || quoted.payload.length < 8) return undefined;
  const view = viewOf(quoted.payload);
  const { protocol, destination } = quoted;
  const within = quotedWithin(quoted);
  return {
    protocol,
    destination,
    tag: view.getUint16(protocol === IpProtocol.icmp || protocol === IpProtocol.icmpv6 ? 4 : 0),
    port: view.getUint16(2),
    sequence: view.getUint32(4),
    ...(within === undefined ? {} : { within }),
  };
}

function messageIn({ source, destination, payload }: Packet): Arrival | undefined {
  const message = decodeIcmp(payload);
  if (message === undefined) return undefined;
  const { type, code, body, rest } = message;
  if (type === IcmpType.echoReply) return { kind: 'echo-reply', source, destination, id: rest >>> 16 };
  const quoted = isIcmpError(type) ? quotedIn(decodeIpv4(body, true)) : undefined;
  return quoted && { kind: 'error', source, type, code, quoted };
}

/** Type and code of ICMP for what ICMPv6 reports, as translators between both have it (RFC 7915 §5.2). */
function asIcmp(type: number, code: number): { readonly type: number; readonly code: number } {
  if (type === 1) return { type: IcmpType.unreachable, code: [1, 10, 1, 1, 3][code] ?? 13 };
  if (type === 2) return { type: IcmpType.unreachable, code: 4 };
  return type === 3 ? { type: IcmpType.timeExceeded, code } : { type: IcmpType.parameterProblem, code: 0 };
}

function message6In({ source, destination, payload }: Packet): Arrival | undefined {
  const message = decodeIcmp(payload);
  if (message === undefined) return undefined;
  const { type, code, body, rest } = message;
  if (type === ICMP6_ECHO_REPLY) return { kind: 'echo-reply', source, destination, id: rest >>> 16 };
  const quoted = type < ICMP6_FIRST_REQUEST ? quotedIn(decodeIpv6(body, true)) : undefined;
  return quoted && { kind: 'error', source, ...asIcmp(type, code), quoted };
}

function packetIn(frame: Uint8Array): Packet | undefined {
  const ethernet = decodeEthernet(frame);
  if (ethernet?.etherType === EtherType.ipv6) return decodeIpv6(ethernet.payload);
  return ethernet?.etherType === EtherType.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
}

/** What a frame brings; undefined: something else. */
export function arrivalIn(frame: Uint8Array): Arrival | undefined {
  const packet = packetIn(frame);
  if (packet === undefined) return undefined;
  const { source, destination, payload } = packet;
  switch (packet.protocol) {
    case IpProtocol.tcp: {
      const segment = decodeTcp(payload);
      if (segment === undefined) return undefined;
      const { sourcePort, destinationPort, flags, sequence, acknowledgement } = segment;
      return { kind: 'segment', source, destination, sourcePort, destinationPort, flags, sequence, acknowledgement };
    }
    case IpProtocol.icmp:
      return messageIn(packet);
    case IpProtocol.icmpv6:
      return message6In(packet);
    case IpProtocol.udp: {
      if (payload.length < 8) return undefined;
      const view = viewOf(payload);
      return { kind: 'datagram', source, destination, sourcePort: view.getUint16(0), destinationPort: view.getUint16(2) };
    }
    default:
      return undefined;
  }
}

const PROTOCOLS = { syn: IpProtocol.tcp, datagram: IpProtocol.udp } as const;
const ECHOES = { inet: IpProtocol.icmp, inet6: IpProtocol.icmpv6 } as const;

/** Whether an ICMP error quotes this packet of ours, without a tunnel around it. */
export function quotes({ protocol, destination, tag, port }: Quoted, trial: Trial): boolean {
  const { content, target } = trial.probe;
  return (
    tag === trial.tag &&
    protocol === (content.kind === 'echo' ? ECHOES[target.family] : PROTOCOLS[content.kind]) &&
    (content.kind === 'echo' || content.port === port) &&
    sameAddress(destination, target)
  );
}

/** Whether it quotes this packet of ours in its tunnel. */
export const quotesTunnel = ({ destination, within }: Quoted, trial: Trial): boolean => {
  const { tunnel } = trial.probe;
  return tunnel !== undefined && within !== undefined && sameAddress(destination, tunnel.destination) && quotes(within, trial);
};
