// What is sent to a service: generated connections of users, or the packets of a capture that concern the service.

import type { Address } from '../../model/address.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { viewOf } from '../../wire/bytes.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS } from '../../wire/ipv4.js';
import type { CapturedPacket } from '../../wire/pcap.js';
import { encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../wire/tcp.js';
import { randomFrom } from '../random.js';

export interface Endpoint {
  readonly protocol: 'tcp' | 'udp';
  readonly address: Address;
  readonly port: number;
}

/** An IPv4 packet, `at` seconds after the beginning. */
export interface Sent {
  readonly at: number;
  readonly packet: Uint8Array;
}

export interface Generated {
  readonly users: number;
  readonly requests: number;
  readonly seconds: number;
  readonly seed: number;
}

/** 100.64.0.0/10: the users have addresses from here on. */
const FIRST_USER = 0x64400000;
const FIRST_PORT = 1024;
const PORTS = 60_000;
const [HANDSHAKE_SECONDS, MEAN_SECONDS] = [0.05, 2];

function segment(service: Endpoint, user: number, port: number, flags: number): Uint8Array {
  const source: Address = { family: 'inet', words: [FIRST_USER + user] };
  const payload = encodeTcp({ ...TCP_DEFAULTS, sourcePort: port, destinationPort: service.port, flags }, source, service.address);
  return encodeIpv4({ ...IPV4_DEFAULTS, protocol: IpProtocol.tcp, source, destination: service.address, payload });
}

/** Connections of users chosen at random, each of a handshake, and a FIN after a time that is exponentially distributed. */
export function generatedLoad(service: Endpoint, { users, requests, seconds, seed }: Generated): readonly Sent[] {
  const random = randomFrom(seed);
  const share = (): number => random.next() / 2 ** 32;
  const sent: Sent[] = [];
  for (let request = 0; request < requests; request++) {
    const [user, at] = [random.below(users), share() * seconds];
    const port = FIRST_PORT + (request % PORTS);
    const end = at + HANDSHAKE_SECONDS - Math.log(1 - share()) * MEAN_SECONDS;
    sent.push({ at, packet: segment(service, user, port, TcpFlag.syn) });
    sent.push({ at: at + HANDSHAKE_SECONDS, packet: segment(service, user, port, TcpFlag.ack) });
    sent.push({ at: end, packet: segment(service, user, port, TcpFlag.fin | TcpFlag.ack) });
  }
  return sent.sort((one, other) => one.at - other.at);
}

const isEnd = (address: Address, port: number, service: Endpoint): boolean =>
  address.words[0] === service.address.words[0] && port === service.port;

/** The packets to the service, and those from it. */
export function capturedLoad(service: Endpoint, captured: Iterable<CapturedPacket>): readonly Sent[] {
  const sent: Sent[] = [];
  let began: number | undefined;
  for (const { at, bytes } of captured) {
    const packet = decodeIpv4(bytes);
    if (packet?.protocol !== IpProtocol[service.protocol] || packet.payload.length < 4) continue;
    const ports = viewOf(packet.payload);
    const isTo = isEnd(packet.destination, ports.getUint16(2), service);
    if (!isTo && !isEnd(packet.source, ports.getUint16(0), service)) continue;
    began ??= at;
    sent.push({ at: Math.max(0, at - began), packet: bytes });
  }
  return sent.sort((one, other) => one.at - other.at);
}
