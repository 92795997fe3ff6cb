// What the IPv6 build must do: VS/NAT and VS/DR in both directions, extension headers, errors of ICMPv6 about connections.
import type { Address } from '../../../../model/address.js';
import { IpProtocol } from '../../../../model/ip-protocol.js';
import { concat } from '../../../../wire/bytes.js';
import { encodeIcmp } from '../../../../wire/icmp.js';
import { sumIcmpv6 } from '../../../../wire/icmpv6.js';
import {
  A,
  arrives,
  balances,
  changed,
  destination,
  type End,
  type Form,
  frame,
  leavesTo,
  localServer,
  MACS,
  type Path,
  PLACES,
  packet,
  S,
  type StagedService,
  segment,
  spoilt,
  tcp,
  untouched,
  type Vector,
} from './vector.js';

const { vip, unused, elsewhere, client, router, server, routed, local } = PLACES.inet6;

export const STAGE_IPV6: readonly StagedService[] = [
  { protocol: 'tcp', address: vip, port: 80, destination: destination(server, 8080, 'masq'), hop: MACS.server, local: true },
  { protocol: 'udp', address: vip, port: 53, destination: destination(server, 5353, 'masq'), hop: MACS.server, local: true },
  { protocol: 'tcp', address: vip, port: 81, destination: destination(routed, 81, 'route'), hop: MACS.routed, local: true },
  { protocol: 'tcp', address: vip, port: 82, destination: destination(local, 8082, 'masq'), hop: undefined, local: true },
  { protocol: 'tcp', address: elsewhere, port: 80, destination: destination(server, 8080, 'masq'), hop: MACS.server, local: false },
];

const [IN_TCP_HEADER, IN_DATA] = [70, 76];
const PORT = 40001;
const [THERE, SERVICE, REAL]: readonly [End, End, End] = [
  { at: client, port: PORT },
  { at: vip, port: 80 },
  { at: server, port: 8080 },
];

const form: Form = {
  client,
  unused: { at: unused, port: 80 },
  stranger: { at: server, port: 9999 },
  tcp: { service: SERVICE, server: REAL },
  udp: { service: { at: vip, port: 53 }, server: { at: server, port: 5353 } },
  routed: { at: vip, port: 81 },
  cutAt: IN_TCP_HEADER,
};

/** Destination options: padding, before TCP. */
const OPTIONS = 60;
const PADDING = Uint8Array.of(IpProtocol.tcp, 0, 1, 4, 0, 0, 0, 0);
const behindOptions = (path: Path, source: End, target: End): Uint8Array =>
  frame(path, OPTIONS, source.at, target.at, concat(PADDING, segment(source, target, A)));

const [UNREACHABLE, TOO_BIG, TIME_EXCEEDED] = [1, 2, 3];

/** An error about a packet of TCP, whose checksum is that of the packet as it was quoted. */
function error(path: Path, from: Address, to: Address, type: number, about: readonly [End, End], quoted: Uint8Array): Uint8Array {
  const [source, target] = about;
  const body = packet(50, IpProtocol.tcp, source.at, target.at, quoted);
  const message = encodeIcmp({ type, code: 0, rest: type === TOO_BIG ? 1280 : 0, body, checksum: 0 });
  sumIcmpv6(message, from, to);
  return frame(path, IpProtocol.icmpv6, from, to, message);
}

/** A quoted segment with other ports, whose checksum is not corrected. */
function withPorts(quoted: Uint8Array, source: number, target: number): Uint8Array {
  const bytes = quoted.slice();
  bytes.set([source >> 8, source & 255, target >> 8, target & 255]);
  return bytes;
}

/** ICMPv6 errors about the connection of `balances`. */
function related(): readonly Vector<'ingress'>[] {
  const request = segment(THERE, REAL, A);
  const reply = segment(SERVICE, THERE, A);
  const back = (path: Path, type: number): Uint8Array =>
    path === arrives
      ? error(path, server, client, type, [THERE, REAL], request)
      : error(path, vip, client, type, [THERE, SERVICE], withPorts(request, PORT, SERVICE.port));
  const on = (path: Path): Uint8Array =>
    path === arrives
      ? error(path, router, vip, TOO_BIG, [SERVICE, THERE], reply)
      : error(path, router, server, TOO_BIG, [REAL, THERE], withPorts(reply, REAL.port, PORT));
  return [
    changed(
      'ingress',
      'a server’s ICMPv6 error about a request',
      back(arrives, UNREACHABLE),
      'redirect',
      back(leavesTo(MACS.client), UNREACHABLE),
    ),
    changed('ingress', 'a server’s time exceeded', back(arrives, TIME_EXCEEDED), 'redirect', back(leavesTo(MACS.client), TIME_EXCEEDED)),
    changed('ingress', 'a router’s packet too big about an answer', on(arrives), 'redirect', on(leavesTo(MACS.server))),
    untouched(
      'ingress',
      'an ICMPv6 error about no connection',
      error(arrives, router, vip, TOO_BIG, [{ at: unused, port: 80 }, THERE], reply),
    ),
  ];
}

const spoiltData = (path: Path, target: End): Uint8Array => spoilt(tcp(path, THERE, target, A), IN_DATA);

/** The vectors of the short cut. */
export const makeIpv6XdpVectors = (): readonly Vector<'xdp'>[] => [
  ...balances('xdp', PORT, form),
  untouched('xdp', 'data behind an extension header', behindOptions(arrives, THERE, SERVICE)),
  untouched('xdp', 'an answer behind an extension header', behindOptions(arrives, REAL, THERE)),
  changed(
    'xdp',
    'data with a wrong checksum, which stays wrong',
    spoiltData(arrives, SERVICE),
    'redirect',
    spoiltData(leavesTo(MACS.server), REAL),
  ),
  untouched('xdp', 'an ICMPv6 error', error(arrives, router, vip, TOO_BIG, [SERVICE, THERE], segment(SERVICE, THERE, A))),
];

export const makeIpv6Vectors = (): readonly Vector<'ingress' | 'egress'>[] => [
  ...balances('ingress', PORT, form),
  changed(
    'ingress',
    'data behind an extension header',
    behindOptions(arrives, THERE, SERVICE),
    'redirect',
    behindOptions(leavesTo(MACS.server), THERE, REAL),
  ),
  changed(
    'ingress',
    'an answer behind an extension header',
    behindOptions(arrives, REAL, THERE),
    'redirect',
    behindOptions(leavesTo(MACS.client), SERVICE, THERE),
  ),
  ...related(),
  changed(
    'ingress',
    'data with a wrong checksum, which stays wrong',
    spoiltData(arrives, SERVICE),
    'redirect',
    spoiltData(leavesTo(MACS.server), REAL),
  ),
  untouched(
    'ingress',
    'a SYN for an address that is not on the host',
    tcp(arrives, { at: client, port: 40005 }, { at: elsewhere, port: 80 }, S),
  ),
  ...localServer(client, { at: vip, port: 82 }, { at: local, port: 8082 }),
];
