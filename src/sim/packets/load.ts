// What is sent to a service: generated connections of users, or the packets of a capture that concern the service.

import { isSame } from '../../datapath/memory/packets/endpoint.js';
import { type Ip, ipOf } from '../../datapath/memory/packets/ip.js';
import { sourceOf, targetOf } from '../../datapath/memory/packets/packet.js';
import { parseFrame } from '../../datapath/memory/packets/parse.js';
import type { Address, Family } from '../../model/address.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import type { Protocol } from '../../model/service.js';
import { EtherType, encodeEthernet, type Mac } from '../../wire/ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../wire/ipv4.js';
import { encodeIpv6 } from '../../wire/ipv6.js';
import type { CapturedPacket } from '../../wire/pcap.js';
import { ChunkType, encodeSctp } from '../../wire/sctp.js';
import { encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../wire/tcp.js';
import { encodeUdp } from '../../wire/udp.js';
import { randomFrom } from '../random.js';

export interface Endpoint {
  readonly protocol: Protocol;
  readonly address: Address;
  readonly port: number;
}

/** A frame to the director, `at` seconds after the beginning. */
export interface Sent {
  readonly at: number;
  readonly from: Ip;
  readonly frame: Uint8Array;
}

export interface Generated {
  readonly users: number;
  readonly requests: number;
  readonly seconds: number;
  readonly seed: number;
}

/** The director's station, and the other ones'. */
export const STATION: Mac = '02:00:00:00:00:01';
const OTHER_STATION: Mac = '02:00:00:00:00:02';

/** The users have addresses from here on: 100.64.0.0/10, 2001:db8:64::/96. */
const FIRST_USERS: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0x64400000] },
  inet6: { family: 'inet6', words: [0x20010db8, 0x00640000, 0, 0] },
};
const FIRST_PORT = 1024;
const PORTS = 60_000;
const [HANDSHAKE_SECONDS, MEAN_SECONDS] = [0.05, 2];
const HOP_LIMIT = 64;

/** What a client sends of a connection: its first packet, the end of the handshake, and the end. */
const STEPS = ['open', 'answer', 'end'] as const;
type Step = (typeof STEPS)[number];
const TCP_FLAGS: Readonly<Record<Step, number>> = { open: TcpFlag.syn, answer: TcpFlag.ack, end: TcpFlag.fin | TcpFlag.ack };
const CHUNKS: Readonly<Record<Step, number>> = { open: ChunkType.init, answer: ChunkType.cookieEcho, end: ChunkType.shutdownAck };

function frameOf(packet: Uint8Array): Uint8Array {
  const etherType = (packet[0] ?? 0) >> 4 === 6 ? EtherType.ipv6 : EtherType.ipv4;
  return encodeEthernet({ destination: STATION, source: OTHER_STATION, tags: [], etherType, payload: packet });
}

function userAddress(family: Family, user: number): Address {
  const words = [...FIRST_USERS[family].words];
  const last = words.pop() ?? 0;
  return { family, words: [...words, last + user] };
}

/** One step of a connection as a segment or a chunk; of UDP each step is a datagram. */
function segment({ protocol, address, port: destinationPort }: Endpoint, source: Address, sourcePort: number, step: Step): Uint8Array {
  const ports = { sourcePort, destinationPort };
  if (protocol === 'tcp') return encodeTcp({ ...TCP_DEFAULTS, ...ports, flags: TCP_FLAGS[step] }, source, address);
  if (protocol === 'udp') return encodeUdp({ ...ports, payload: new Uint8Array() }, source, address);
  return encodeSctp({ ...ports, tag: 0, chunks: [{ type: CHUNKS[step] }] });
}

function sentOf(service: Endpoint, at: number, source: Address, port: number, step: Step): Sent {
  const { address: destination } = service;
  const [protocol, payload] = [IpProtocol[service.protocol], segment(service, source, port, step)];
  const packet =
    source.family === 'inet'
      ? encodeIpv4({ ...IPV4_DEFAULTS, protocol, source, destination, payload })
      : encodeIpv6({ protocol, source, destination, hopLimit: HOP_LIMIT, payload });
  return { at, from: ipOf(source), frame: frameOf(packet) };
}

/** Connections of users chosen at random, each of a handshake, and an end after a time that is exponentially distributed. */
export function generatedLoad(service: Endpoint, { users, requests, seconds, seed }: Generated): readonly Sent[] {
  const random = randomFrom(seed);
  const share = (): number => random.next() / 2 ** 32;
  const sent: Sent[] = [];
  for (let request = 0; request < requests; request++) {
    const [user, at] = [userAddress(service.address.family, random.below(users)), share() * seconds];
    const port = FIRST_PORT + (request % PORTS);
    const answer = at + HANDSHAKE_SECONDS;
    const times = { open: at, answer, end: answer - Math.log(1 - share()) * MEAN_SECONDS };
    for (const step of STEPS) sent.push(sentOf(service, times[step], user, port, step));
  }
  return sent.sort((one, other) => one.at - other.at);
}

/** The packets to the service, and those from it. */
export function capturedLoad({ protocol, address, port }: Endpoint, captured: Iterable<CapturedPacket>): readonly Sent[] {
  const end = { address: ipOf(address), port };
  const sent: Sent[] = [];
  let began: number | undefined;
  for (const { at, bytes } of captured) {
    const frame = frameOf(bytes);
    const { kind, packet } = parseFrame(frame, 0);
    if (kind !== 'ok' || packet?.protocol !== IpProtocol[protocol]) continue;
    if (!isSame(targetOf(packet), end) && !isSame(sourceOf(packet), end)) continue;
    began ??= at;
    sent.push({ at: Math.max(0, at - began), from: packet.source, frame });
  }
  return sent.sort((one, other) => one.at - other.at);
}
