// Packets of the self-check as whole frames, and what they become: all are on `lo`, which every namespace has, up or down.
import type { Address, Family } from '../../../../model/address.js';
import { IpProtocol } from '../../../../model/ip-protocol.js';
import { type DestinationSpec, type ForwardingMethod, PLAIN_TUNNEL, type Protocol } from '../../../../model/service.js';
import { EtherType, encodeEthernet, type Mac, ZERO_MAC } from '../../../../wire/ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../../wire/ipv4.js';
import { encodeIpv6 } from '../../../../wire/ipv6.js';
import { encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../../../wire/tcp.js';
import { encodeUdp } from '../../../../wire/udp.js';

/** `pass`: to the stack, or to the next program. */
export type VectorVerdict = 'pass' | 'redirect' | 'drop';

/** `program`: of which the frame is one; `egress`: it leaves the director. */
export interface Vector<Program extends string = string> {
  readonly name: string;
  readonly program: Program;
  readonly frame: Uint8Array;
  /** The mark that netfilter has given the packet. */
  readonly mark?: number;
  readonly verdict: VectorVerdict;
  /** As it leaves the program. */
  readonly out: Uint8Array;
}

/** Services with one destination each. `local`: the host has the address. `hop`: the next hop; undefined: the director itself. */
export interface StagedService {
  /** A firewall mark, in the place of protocol, address and port. */
  readonly mark?: number;
  readonly protocol: Protocol;
  readonly address: Address;
  readonly port: number;
  /** As a service of all ports needs it. */
  readonly persistent?: true;
  readonly destination: DestinationSpec;
  readonly hop: Mac | undefined;
  readonly local: boolean;
}

/** Addresses of RFC 2544, and of RFC 5180. */
const at: Readonly<Record<Family, (third: number, fourth: number) => Address>> = {
  inet: (third, fourth) => ({ family: 'inet', words: [((198 << 24) | (18 << 16) | (third << 8) | fourth) >>> 0] }),
  inet6: (third, fourth) => ({ family: 'inet6', words: [0x20010002, third, 0, fourth] }),
};

export interface Places {
  readonly vip: Address;
  readonly secondVip: Address;
  readonly thirdVip: Address;
  readonly unused: Address;
  /** Of a service, and not of this host. */
  readonly elsewhere: Address;
  readonly client: Address;
  /** On the way to the client. */
  readonly router: Address;
  readonly server: Address;
  readonly routed: Address;
  /** A server on the director. */
  readonly local: Address;
}

const placesOf = (family: Family): Places => ({
  vip: at[family](0, 1),
  secondVip: at[family](0, 3),
  thirdVip: at[family](0, 4),
  unused: at[family](0, 9),
  elsewhere: at[family](0, 2),
  client: at[family](1, 1),
  router: at[family](1, 9),
  server: at[family](2, 1),
  routed: at[family](2, 2),
  local: at[family](2, 3),
});
export const PLACES: Readonly<Record<Family, Places>> = { inet: placesOf('inet'), inet6: placesOf('inet6') };

export const MACS = { lo: ZERO_MAC, client: '02:00:00:00:00:0c', server: '02:00:00:00:00:05', routed: '02:00:00:00:00:06' } as const;
export const clientHop = (family: Family) => ({ address: PLACES[family].client, mac: MACS.client }) as const;
/** Of every next hop. */
export const SOURCE_MAC: Mac = '02:00:00:00:00:0d';

export function destination(address: Address, port: number, method: ForwardingMethod): DestinationSpec {
  return { address, port, method, weight: 1, upperThreshold: 0, lowerThreshold: 0, tunnel: PLAIN_TUNNEL };
}

export interface End {
  readonly at: Address;
  readonly port: number;
}

/** Of an odd length, so that the last byte of the checksum is alone. */
export const DATA = Uint8Array.of(0x77, 0x65, 0x69, 0x72, 0xff, 0x00, 0xa5);
export const [S, A] = [TcpFlag.syn, TcpFlag.ack];

export interface Path {
  readonly to: Mac;
  readonly from: Mac;
  readonly ttl: number;
}
export const arrives: Path = { to: MACS.lo, from: '02:00:00:00:00:0f', ttl: 64 };
/** To the director's own stack: the TTL stays. */
const delivered = arrives;
export const leavesTo = (to: Mac): Path => ({ to, from: SOURCE_MAC, ttl: 63 });

export function packet(ttl: number, protocol: number, source: Address, target: Address, payload: Uint8Array): Uint8Array {
  if (source.family === 'inet6') return encodeIpv6({ source, destination: target, protocol, hopLimit: ttl, payload });
  return encodeIpv4({ ...IPV4_DEFAULTS, id: 0x1234, flags: 2, ttl, protocol, source, destination: target, payload });
}

export function frame({ to, from, ttl }: Path, protocol: number, source: Address, target: Address, payload: Uint8Array): Uint8Array {
  const etherType = source.family === 'inet' ? EtherType.ipv4 : EtherType.ipv6;
  return encodeEthernet({ destination: to, source: from, tags: [], etherType, payload: packet(ttl, protocol, source, target, payload) });
}

export function segment(source: End, target: End, flags: number): Uint8Array {
  const { at: from } = source;
  const tcp = { ...TCP_DEFAULTS, sourcePort: source.port, destinationPort: target.port, sequence: 1000, acknowledgement: 1, flags };
  return encodeTcp({ ...tcp, payload: flags & S ? new Uint8Array(0) : DATA }, from, target.at);
}

export const tcp = (path: Path, source: End, target: End, flags: number): Uint8Array =>
  frame(path, IpProtocol.tcp, source.at, target.at, segment(source, target, flags));

function udp(path: Path, source: End, target: End): Uint8Array {
  const datagram = { sourcePort: source.port, destinationPort: target.port, payload: DATA };
  return frame(path, IpProtocol.udp, source.at, target.at, encodeUdp(datagram, source.at, target.at));
}

/** The packet with a bit changed, and its checksum left as it is. */
export function spoilt(whole: Uint8Array, offset: number): Uint8Array {
  const bytes = whole.slice();
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x40;
  return bytes;
}

export const changed = <P extends string>(
  program: P,
  name: string,
  before: Uint8Array,
  verdict: VectorVerdict,
  out: Uint8Array,
): Vector<P> => ({ name: `${program}: ${name}`, program, frame: before, verdict, out });

export const untouched = <P extends string>(program: P, name: string, before: Uint8Array): Vector<P> =>
  changed(program, name, before, 'pass', before);

/** The ends of what `balances` sends, and where a frame is cut off. */
export interface Form {
  readonly client: Address;
  readonly unused: End;
  readonly stranger: End;
  readonly tcp: { readonly service: End; readonly server: End };
  readonly udp: { readonly service: End; readonly server: End };
  readonly routed: End;
  readonly cutAt: number;
}

/** What all programs do alike that balance TCP and UDP. `port`: of the client; its connection is ESTABLISHED at the end. */
export function balances<P extends string>(program: P, port: number, form: Form): readonly Vector<P>[] {
  const [request, answer] = [leavesTo(MACS.server), leavesTo(MACS.client)];
  const client: End = { at: form.client, port };
  const ask = (flags: number): readonly [Uint8Array, 'redirect', Uint8Array] => [
    tcp(arrives, client, form.tcp.service, flags),
    'redirect',
    tcp(request, client, form.tcp.server, flags),
  ];
  const reply = (flags: number): readonly [Uint8Array, 'redirect', Uint8Array] => [
    tcp(arrives, form.tcp.server, client, flags),
    'redirect',
    tcp(answer, form.tcp.service, client, flags),
  ];
  const toRouted = (flags: number, path: Path): Uint8Array => tcp(path, client, form.routed, flags);
  return [
    untouched(program, 'a packet for no service', tcp(arrives, client, form.unused, S)),
    untouched(program, 'a packet from no server', tcp(arrives, form.stranger, client, A)),
    changed(program, 'the SYN of a connection to be masqueraded', ...ask(S)),
    changed(program, 'the masqueraded answer to a SYN', ...reply(S | A)),
    changed(program, 'an ACK of a masqueraded connection', ...ask(A)),
    changed(program, 'data of a masqueraded connection', ...ask(A)),
    changed(program, 'a masqueraded answer', ...reply(A)),
    changed(
      program,
      'a datagram to be masqueraded',
      udp(arrives, client, form.udp.service),
      'redirect',
      udp(request, client, form.udp.server),
    ),
    changed(program, 'a masqueraded datagram', udp(arrives, form.udp.server, client), 'redirect', udp(answer, form.udp.service, client)),
    changed(program, 'a SYN to be routed', toRouted(S, arrives), 'redirect', toRouted(S, leavesTo(MACS.routed))),
    changed(program, 'data of a routed connection', toRouted(A, arrives), 'redirect', toRouted(A, leavesTo(MACS.routed))),
    untouched(program, 'a packet without a connection', tcp(arrives, { ...client, port: port + 100 }, form.tcp.service, A)),
    untouched(program, 'a packet cut short', tcp(arrives, client, form.tcp.service, S).slice(0, form.cutAt)),
  ];
}

/** A server on the director: what comes for it, its answer, and what the director itself sends. */
export function localServer(client: Address, service: End, server: End): readonly Vector<'ingress' | 'egress'>[] {
  const [first, second]: readonly [End, End] = [
    { at: client, port: 40003 },
    { at: client, port: 40004 },
  ];
  return [
    changed('ingress', 'a SYN for a server on the director', tcp(arrives, first, service, S), 'pass', tcp(delivered, first, server, S)),
    changed(
      'egress',
      'the answer of a server on the director',
      tcp(arrives, server, first, S | A),
      'pass',
      tcp(delivered, service, first, S | A),
    ),
    untouched('egress', 'what the director itself sends', tcp(arrives, server, second, S | A)),
  ];
}
