// The frames that doctor sends to a real server, and what the frames that come back answer. Pure.
import type { Address } from '../../../model/address.js';
import { sameAddress } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { viewOf } from '../../../wire/bytes.js';
import { decodeEthernet, EtherType, encodeEthernet, type Mac } from '../../../wire/ethernet.js';
import { decodeIcmp, encodeIcmp, IcmpType, isIcmpError } from '../../../wire/icmp.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS, type Ipv4Packet } from '../../../wire/ipv4.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../../wire/tcp.js';
import { encodeUdp } from '../../../wire/udp.js';
import type { ProbeAnswer } from '../../facts.js';

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
}

/** `tag`: the source port, or the identifier of an echo: no other trial has it. */
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
  const packet = { ...IPV4_DEFAULTS, flags, protocol, source: probe.source, destination: probe.target, payload };
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

type Trials<T extends Trial> = ReadonlyMap<number, T>;

export interface Answered<T> {
  readonly trial: T;
  readonly answer: ProbeAnswer;
}

const isReversed = ({ probe }: Trial, packet: Ipv4Packet): boolean =>
  sameAddress(probe.target, packet.source) && sameAddress(probe.source, packet.destination);

/** An ICMP error quotes the start of the packet that it is about. */
function quotedTrial<T extends Trial>(body: Uint8Array, trials: Trials<T>): T | undefined {
  const quoted = decodeIpv4(body, true);
  if (quoted === undefined || quoted.payload.length < 8) return undefined;
  const view = viewOf(quoted.payload);
  const trial = trials.get(quoted.protocol === IpProtocol.icmp ? view.getUint16(4) : view.getUint16(0));
  if (trial === undefined || !sameAddress(trial.probe.target, quoted.destination)) return undefined;
  const { content } = trial.probe;
  const protocol = { syn: IpProtocol.tcp, datagram: IpProtocol.udp, echo: IpProtocol.icmp }[content.kind];
  return quoted.protocol === protocol && (content.kind === 'echo' || content.port === view.getUint16(2)) ? trial : undefined;
}

function byIcmp<T extends Trial>(packet: Ipv4Packet, trials: Trials<T>): Answered<T> | undefined {
  const message = decodeIcmp(packet.payload);
  if (message === undefined) return undefined;
  if (isIcmpError(message.type)) {
    const trial = quotedTrial(message.body, trials);
    return trial && { trial, answer: { kind: 'rejected', type: message.type, code: message.code, by: packet.source } };
  }
  const trial = message.type === IcmpType.echoReply ? trials.get(message.rest >>> 16) : undefined;
  return trial?.probe.content.kind === 'echo' && isReversed(trial, packet) ? { trial, answer: { kind: 'accepted' } } : undefined;
}

function byTcp<T extends Trial>(packet: Ipv4Packet, trials: Trials<T>): Answered<T> | undefined {
  const segment = decodeTcp(packet.payload);
  const trial = segment && trials.get(segment.destinationPort);
  const content = trial?.probe.content;
  if (segment === undefined || trial === undefined || content?.kind !== 'syn') return undefined;
  if (content.port !== segment.sourcePort || !isReversed(trial, packet)) return undefined;
  if ((segment.flags & TcpFlag.rst) !== 0) return { trial, answer: { kind: 'reset' } };
  const both = TcpFlag.syn | TcpFlag.ack;
  return (segment.flags & both) === both ? { trial, answer: { kind: 'accepted' } } : undefined;
}

/** Which trial a frame answers, and how; undefined: none. `trials`: by tag. */
export function answerIn<T extends Trial>(frame: Uint8Array, trials: Trials<T>): Answered<T> | undefined {
  const ethernet = decodeEthernet(frame);
  const packet = ethernet?.etherType === EtherType.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
  switch (packet?.protocol) {
    case IpProtocol.tcp:
      return byTcp(packet, trials);
    case IpProtocol.icmp:
      return byIcmp(packet, trials);
    case IpProtocol.udp: {
      const trial = packet.payload.length < 8 ? undefined : trials.get(viewOf(packet.payload).getUint16(2));
      return trial?.probe.content.kind === 'datagram' && isReversed(trial, packet) ? { trial, answer: { kind: 'accepted' } } : undefined;
    }
    default:
      return undefined;
  }
}
