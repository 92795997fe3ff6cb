// Packets of the self-check, with the results that the programs must give before they are attached, in this order: a connection that one
// opens is used by the next. All are on `lo`, which every namespace has, up or down, and their next hops are cached: nothing depends on
// the host's addresses, routes or neighbours. Addresses are of RFC 2544.
import type { Address } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { DestinationSpec, ForwardingMethod, Protocol } from '../../../model/service.js';
import { EtherType, encodeEthernet, type Mac, ZERO_MAC } from '../../../wire/ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../wire/ipv4.js';
import { encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../../wire/tcp.js';
import { encodeUdp } from '../../../wire/udp.js';

/** `pass`: to the stack, or to the next program. */
export type VectorVerdict = 'pass' | 'redirect' | 'drop';

export interface Vector {
  readonly name: string;
  readonly program: 'xdp' | 'ingress' | 'egress';
  readonly frame: Uint8Array;
  readonly verdict: VectorVerdict;
  /** As it leaves the program. */
  readonly out: Uint8Array;
}

/** Services with one destination each. `local`: the host has the address. `hop`: the next hop; undefined: the director itself. */
export interface StagedService {
  readonly protocol: Protocol;
  readonly address: Address;
  readonly port: number;
  readonly destination: DestinationSpec;
  readonly hop: Mac | undefined;
  readonly local: boolean;
}

const ip = (third: number, fourth: number): Address => ({
  family: 'inet',
  words: [((198 << 24) | (18 << 16) | (third << 8) | fourth) >>> 0],
});
const [VIP, CLIENT, SERVER, ROUTED, LOCAL, UNUSED, ELSEWHERE] = [
  ip(0, 1),
  ip(1, 1),
  ip(2, 1),
  ip(2, 2),
  ip(2, 3),
  ip(0, 9),
  ip(0, 2),
] as const;
const MACS = { lo: ZERO_MAC, client: '02:00:00:00:00:0c', server: '02:00:00:00:00:05', routed: '02:00:00:00:00:06' } as const;
export const CLIENT_HOP = { address: CLIENT, mac: MACS.client } as const;
/** Of every next hop. */
export const SOURCE_MAC: Mac = '02:00:00:00:00:0d';

function destination(address: Address, port: number, method: ForwardingMethod): DestinationSpec {
  const tunnel = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;
  return { address, port, method, weight: 1, upperThreshold: 0, lowerThreshold: 0, tunnel };
}

export const STAGE: readonly StagedService[] = [
  { protocol: 'tcp', address: VIP, port: 80, destination: destination(SERVER, 8080, 'masq'), hop: MACS.server, local: true },
  { protocol: 'udp', address: VIP, port: 53, destination: destination(SERVER, 5353, 'masq'), hop: MACS.server, local: true },
  { protocol: 'tcp', address: VIP, port: 81, destination: destination(ROUTED, 81, 'route'), hop: MACS.routed, local: true },
  { protocol: 'tcp', address: VIP, port: 82, destination: destination(LOCAL, 8082, 'masq'), hop: undefined, local: true },
  { protocol: 'tcp', address: ELSEWHERE, port: 80, destination: destination(SERVER, 8080, 'masq'), hop: MACS.server, local: false },
];

interface End {
  readonly at: Address;
  readonly port: number;
}
const client = (port: number): End => ({ at: CLIENT, port });
const vip = (port: number): End => ({ at: VIP, port });
const server = (port: number): End => ({ at: SERVER, port });
const local: End = { at: LOCAL, port: 8082 };

/** Of an odd length, so that the last byte of the checksum is alone. */
const DATA = Uint8Array.of(0x77, 0x65, 0x69, 0x72, 0xff, 0x00, 0xa5);
const [S, A] = [TcpFlag.syn, TcpFlag.ack];

interface Path {
  readonly to: Mac;
  readonly from: Mac;
  readonly ttl: number;
}
const arrives: Path = { to: MACS.lo, from: '02:00:00:00:00:0f', ttl: 64 };
/** To the director's own stack: the TTL stays. */
const delivered = arrives;
const leavesTo = (to: Mac): Path => ({ to, from: SOURCE_MAC, ttl: 63 });

function frame({ to, from, ttl }: Path, protocol: number, source: End, target: End, payload: Uint8Array): Uint8Array {
  const packet = encodeIpv4({ ...IPV4_DEFAULTS, id: 0x1234, flags: 2, ttl, protocol, source: source.at, destination: target.at, payload });
  return encodeEthernet({ destination: to, source: from, tags: [], etherType: EtherType.ipv4, payload: packet });
}

function tcp(path: Path, source: End, target: End, flags: number): Uint8Array {
  const segment = { ...TCP_DEFAULTS, sourcePort: source.port, destinationPort: target.port, sequence: 1000, acknowledgement: 1, flags };
  return frame(
    path,
    IpProtocol.tcp,
    source,
    target,
    encodeTcp({ ...segment, payload: flags & S ? new Uint8Array(0) : DATA }, source.at, target.at),
  );
}

function udp(path: Path, source: End, target: End): Uint8Array {
  const datagram = { sourcePort: source.port, destinationPort: target.port, payload: DATA };
  return frame(path, IpProtocol.udp, source, target, encodeUdp(datagram, source.at, target.at));
}

/** Without correcting the checksum. */
function spoilt(whole: Uint8Array, at: number): Uint8Array {
  const bytes = whole.slice();
  bytes[at] = (bytes[at] ?? 0) ^ 0x40;
  return bytes;
}

type Program = Vector['program'];
const untouched = (program: Program, name: string, packet: Uint8Array): Vector => ({
  name: `${program}: ${name}`,
  program,
  frame: packet,
  verdict: 'pass',
  out: packet,
});
const changed = (program: Program, name: string, packet: Uint8Array, verdict: VectorVerdict, out: Uint8Array): Vector => ({
  name: `${program}: ${name}`,
  program,
  frame: packet,
  verdict,
  out,
});

const IP_CHECKSUM = 24;
const IN_TCP_HEADER = 50;

/** What both hooks do alike. `port`: of the client; its connection is ESTABLISHED at the end. */
function balances(program: 'xdp' | 'ingress', port: number): readonly Vector[] {
  const [request, answer] = [leavesTo(MACS.server), leavesTo(MACS.client)];
  const ask = (flags: number): readonly [Uint8Array, 'redirect', Uint8Array] => [
    tcp(arrives, client(port), vip(80), flags),
    'redirect',
    tcp(request, client(port), server(8080), flags),
  ];
  const reply = (flags: number): readonly [Uint8Array, 'redirect', Uint8Array] => [
    tcp(arrives, server(8080), client(port), flags),
    'redirect',
    tcp(answer, vip(80), client(port), flags),
  ];
  const toRouted = (flags: number, path: Path): Uint8Array => tcp(path, client(port), vip(81), flags);
  return [
    untouched(program, 'a packet for no service', tcp(arrives, client(port), { at: UNUSED, port: 80 }, S)),
    untouched(program, 'a packet from no server', tcp(arrives, server(9999), client(port), A)),
    changed(program, 'the SYN of a connection to be masqueraded', ...ask(S)),
    changed(program, 'the masqueraded answer to a SYN', ...reply(S | A)),
    changed(program, 'an ACK of a masqueraded connection', ...ask(A)),
    changed(program, 'data of a masqueraded connection', ...ask(A)),
    changed(program, 'a masqueraded answer', ...reply(A)),
    changed(
      program,
      'a datagram to be masqueraded',
      udp(arrives, client(port), vip(53)),
      'redirect',
      udp(request, client(port), server(5353)),
    ),
    changed(program, 'a masqueraded datagram', udp(arrives, server(5353), client(port)), 'redirect', udp(answer, vip(53), client(port))),
    changed(program, 'a SYN to be routed', toRouted(S, arrives), 'redirect', toRouted(S, leavesTo(MACS.routed))),
    changed(program, 'data of a routed connection', toRouted(A, arrives), 'redirect', toRouted(A, leavesTo(MACS.routed))),
    untouched(program, 'a packet without a connection', tcp(arrives, client(port + 100), vip(80), A)),
    untouched(program, 'a wrong IP checksum', spoilt(tcp(arrives, client(port), vip(80), S), IP_CHECKSUM)),
    untouched(program, 'a packet cut short', tcp(arrives, client(port), vip(80), S).slice(0, IN_TCP_HEADER)),
  ];
}

/** Made on demand: most commands load nothing. */
export function makeVectors(): readonly Vector[] {
  return [
    ...balances('ingress', 40001),
    ...balances('xdp', 40002),
    // XDP runs on lo, by which clients on the host come: for them the address need not be local.
    untouched('ingress', 'a SYN for an address that is not on the host', tcp(arrives, client(40005), { at: ELSEWHERE, port: 80 }, S)),
    changed(
      'ingress',
      'a SYN for a server on the director',
      tcp(arrives, client(40003), vip(82), S),
      'pass',
      tcp(delivered, client(40003), local, S),
    ),
    changed(
      'egress',
      'the answer of a server on the director',
      tcp(arrives, local, client(40003), S | A),
      'pass',
      tcp(delivered, vip(82), client(40003), S | A),
    ),
    untouched('egress', 'what the director itself sends', tcp(arrives, local, client(40004), S | A)),
  ];
}
