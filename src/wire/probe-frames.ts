// Frames that show whether a host takes packets as a director hands them over, and what the frames that come back are: of doctor, and of
// VIP_CHECK. Which of one's own frames they answer is for the caller to judge.
import type { Address } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { viewOf } from './bytes.js';
import { decodeEthernet, EtherType, encodeEthernet, type Mac } from './ethernet.js';
import { decodeIcmp, encodeIcmp, IcmpType, isIcmpError } from './icmp.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS, type Ipv4Packet } from './ipv4.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag } from './tcp.js';
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
}

/** `tag`: the source port, or the identifier of an echo. */
export interface Trial<T extends Probe = Probe> {
  readonly probe: T;
  readonly tag: number;
  readonly sequence: number;
}

const DONT_FRAGMENT = 2;
/** Of an IP and an ICMP header. */
const ECHO_HEADERS_BYTES = 28;
export const ECHO_SMALL_BYTES = 84;

function ipFrame({ probe }: Trial, protocol: number, payload: Uint8Array, flags: number): Uint8Array {
  const { source, target: destination, ttl = IPV4_DEFAULTS.ttl } = probe;
  const packet = { ...IPV4_DEFAULTS, flags, ttl, protocol, source, destination, payload };
  return encodeEthernet({
    destination: probe.nextHopMac,
    source: probe.mac,
    tags: [],
    etherType: EtherType.ipv4,
    payload: encodeIpv4(packet),
  });
}

function segmentFrame(trial: Trial, port: number, flags: number, sequence: number): Uint8Array {
  const { source, target } = trial.probe;
  const segment = { ...TCP_DEFAULTS, sourcePort: trial.tag, destinationPort: port, flags, sequence };
  return ipFrame(trial, IpProtocol.tcp, encodeTcp(segment, source, target), DONT_FRAGMENT);
}

export function probeFrame(trial: Trial): Uint8Array {
  const { content, source, target } = trial.probe;
  switch (content.kind) {
    case 'syn':
      return segmentFrame(trial, content.port, TcpFlag.syn, trial.sequence);
    case 'datagram': {
      const datagram = { sourcePort: trial.tag, destinationPort: content.port, payload: new Uint8Array(0) };
      return ipFrame(trial, IpProtocol.udp, encodeUdp(datagram, source, target), DONT_FRAGMENT);
    }
    case 'echo': {
      const body = new Uint8Array(content.packetBytes - ECHO_HEADERS_BYTES);
      const echo = encodeIcmp({ type: IcmpType.echo, code: 0, rest: ((trial.tag << 16) | 1) >>> 0, body });
      return ipFrame(trial, IpProtocol.icmp, echo, DONT_FRAGMENT);
    }
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
  | { readonly kind: 'error'; readonly source: Address; readonly type: number; readonly code: number; readonly quoted: Quoted };

/** Undefined: too little of the packet is quoted. */
function quotedIn(body: Uint8Array): Quoted | undefined {
  const quoted = decodeIpv4(body, true);
  if (quoted === undefined || quoted.payload.length < 8) return undefined;
  const view = viewOf(quoted.payload);
  const { protocol, destination } = quoted;
  return {
    protocol,
    destination,
    tag: view.getUint16(protocol === IpProtocol.icmp ? 4 : 0),
    port: view.getUint16(2),
    sequence: view.getUint32(4),
  };
}

function messageIn({ source, destination, payload }: Ipv4Packet): Arrival | undefined {
  const message = decodeIcmp(payload);
  if (message === undefined) return undefined;
  const { type, code, body, rest } = message;
  if (type === IcmpType.echoReply) return { kind: 'echo-reply', source, destination, id: rest >>> 16 };
  const quoted = isIcmpError(type) ? quotedIn(body) : undefined;
  return quoted && { kind: 'error', source, type, code, quoted };
}

/** What a frame brings; undefined: something else. */
export function arrivalIn(frame: Uint8Array): Arrival | undefined {
  const ethernet = decodeEthernet(frame);
  const packet = ethernet?.etherType === EtherType.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
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
    case IpProtocol.udp: {
      if (payload.length < 8) return undefined;
      const view = viewOf(payload);
      return { kind: 'datagram', source, destination, sourcePort: view.getUint16(0), destinationPort: view.getUint16(2) };
    }
    default:
      return undefined;
  }
}

const PROTOCOLS = { syn: IpProtocol.tcp, datagram: IpProtocol.udp, echo: IpProtocol.icmp } as const;

/** Whether an ICMP error quotes this packet of ours. */
export function quotes({ protocol, destination, tag, port }: Quoted, trial: Trial): boolean {
  const { content, target } = trial.probe;
  return (
    tag === trial.tag &&
    protocol === PROTOCOLS[content.kind] &&
    (content.kind === 'echo' || content.port === port) &&
    sameAddress(destination, target)
  );
}
