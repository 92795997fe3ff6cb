// Probes of VIP_CHECK for IPv6: what differs from IPv4 on the wire.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { decodeAddress, encodeAddress } from '../../../wire/address-bytes.js';
import { concat } from '../../../wire/bytes.js';
import { internetChecksum, pseudoHeaderSum } from '../../../wire/checksum.js';
import { decodeEthernet, EtherType, encodeEthernet, type Mac, macBytes } from '../../../wire/ethernet.js';
import { decodeIcmp, encodeIcmp } from '../../../wire/icmp.js';
import { encodeIcmpv6 } from '../../../wire/icmpv6.js';
import { decodeIpv6, encodeIpv6 } from '../../../wire/ipv6.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../../wire/tcp.js';
import type { Hop } from './hop.js';
import { askPath, beginPath, endPath, type PathStep, takeFrame } from './path.js';
import type { PathState, PathTarget } from './path-state.js';

const [OURS, VIP, SERVER, ROUTER] = [ip('2001:db8:5::2'), ip('2001:db8::9'), ip('2001:db8:5::51'), ip('fe80::1')];
const MAC: Mac = '02:00:00:00:00:01';
const SERVER_MAC: Mac = '02:00:00:00:00:51';
const DR: PathTarget = { method: 'route', vip: { address: VIP, port: 80 }, server: { address: SERVER, port: 80 } };
const NAT: PathTarget = { method: 'masq', vip: { address: VIP, port: 80 }, server: { address: SERVER, port: 8080 } };
const NUMBERS = { port: 40_000, lastPort: 40_001, sequence: 100, lastSequence: 5000 };

const hop = (more: Partial<Hop> = {}): Hop => ({
  ifindex: 2,
  device: 'eth1',
  mac: MAC,
  next: SERVER,
  nextMac: SERVER_MAC,
  source: OURS,
  own: new Set([addressId(OURS), addressId(VIP)]),
  networks: [
    { ifindex: 2, address: OURS, prefixLength: 64 },
    { ifindex: 2, address: VIP, prefixLength: 128 },
  ],
  ...more,
});

const SOLICITATION = 135;

/** What a frame is, in a line; checksums are right. */
function text(frame: Uint8Array): string {
  const ethernet = decodeEthernet(frame);
  assert.equal(ethernet?.etherType, EtherType.ipv6);
  const packet = decodeIpv6(ethernet.payload);
  assert.ok(packet !== undefined);
  const { source, destination, protocol, payload } = packet;
  assert.equal(internetChecksum(payload, pseudoHeaderSum(source, destination, protocol, payload.length)), 0);
  const way = `${formatAddress(source)} > ${formatAddress(destination)} hops ${packet.hopLimit}`;
  if (protocol === IpProtocol.icmpv6) {
    const message = decodeIcmp(payload);
    if (message?.type === SOLICITATION) {
      const target = decodeAddress(payload.subarray(8, 24));
      return `${ethernet.destination} who has ${target === undefined ? '?' : formatAddress(target)}`;
    }
    return `${way} ping ${(message?.rest ?? 0) >>> 16}`;
  }
  assert.equal(ethernet.destination, SERVER_MAC);
  const segment = decodeTcp(payload);
  return `${way} ${segment?.flags === TcpFlag.syn ? 'SYN' : 'RST'} ${segment?.sourcePort}-${segment?.destinationPort} ${segment?.sequence}`;
}

const sent = ({ frames }: PathStep): readonly string[] => frames.map(text);
const framed = (payload: Uint8Array): Uint8Array =>
  encodeEthernet({ destination: MAC, source: SERVER_MAC, tags: [], etherType: EtherType.ipv6, payload });
const message = (source: Address, type: number, rest: number, body: Uint8Array, code = 0, hops = 64): Uint8Array =>
  framed(encodeIcmpv6(source, OURS, hops, encodeIcmp({ type, code, rest: rest >>> 0, body, checksum: 0 })));
/** Of a solicited advertisement. */
const advertisement = (address: Address, mac = SERVER_MAC): Uint8Array =>
  message(address, 136, 0x60000000, concat(encodeAddress(address), Uint8Array.of(2, 1), macBytes(mac)), 0, 255);
const error = (type: number, code: number, about: Uint8Array): Uint8Array =>
  message(SERVER, type, 0, (decodeEthernet(about)?.payload ?? new Uint8Array(0)).slice(0, 48), code);
const echoReply = (id: number, from: Address): Uint8Array => message(from, 129, (id << 16) | 1, new Uint8Array(36));

function answer(flags: number, from: Address, to: Address, ports: readonly [number, number], acknowledgement: number): Uint8Array {
  const segment = { ...TCP_DEFAULTS, sourcePort: ports[0], destinationPort: ports[1], flags, sequence: 1, acknowledgement };
  return framed(
    encodeIpv6({ source: from, destination: to, protocol: IpProtocol.tcp, hopLimit: 64, payload: encodeTcp(segment, from, to) }),
  );
}
const BOTH = TcpFlag.syn | TcpFlag.ack;

const begun = (target = DR, more: Partial<Hop> = {}): PathStep => askPath(beginPath(target, hop(more), NUMBERS), false);
const failure = (step: PathStep): string | undefined => step.end?.failure;
const after = (state: PathState, ...frames: readonly Uint8Array[]): string | undefined =>
  failure(endPath(frames.reduce((now, frame) => takeFrame(now, frame).state, state)));

test('VS/DR: a SYN that no server without the VIP sends on, and its answer', () => {
  const step = begun();
  assert.deepEqual(sent(step), ['2001:db8:5::2 > 2001:db8::9 hops 1 SYN 40000-80 100']);
  const done = takeFrame(step.state, answer(BOTH, VIP, OURS, [80, 40_000], 101));
  assert.deepEqual([done.end, sent(done)], [{}, ['2001:db8:5::2 > 2001:db8::9 hops 1 RST 40000-80 101']]);
  assert.deepEqual(takeFrame(step.state, answer(BOTH, VIP, OURS, [80, 40_000], 77)), { state: step.state, frames: [] }, 'forged');
  assert.equal(
    failure(takeFrame(step.state, answer(TcpFlag.rst | TcpFlag.ack, VIP, OURS, [80, 40_000], 101))),
    'refused: the server has 2001:db8::9, but nothing listens on 2001:db8::9 port 80 there',
  );
});

test('ICMPv6 errors have the words of ICMP', () => {
  const { state, frames } = begun();
  const about = frames[0] as Uint8Array;
  const rejected = (code: number): string | undefined => failure(takeFrame(state, error(1, code, about)));
  assert.equal(rejected(4), 'unreachable: 2001:db8:5::51 answers "port unreachable" for 2001:db8::9 port 80');
  assert.equal(rejected(1), 'unreachable: 2001:db8:5::51 answers "host prohibited" for 2001:db8::9 port 80');
  const forwarded = takeFrame(state, error(3, 0, about));
  assert.equal(sent(forwarded)[0], '2001:db8:5::2 > 2001:db8::9 hops 64 SYN 20-80 5000', 'asked immediately');
  assert.match(after(forwarded.state) ?? '', /^forwarded: 2001:db8:5::51 sends packets for 2001:db8::9 on /);
});

test('after silence the questions show what is missing', () => {
  const step = askPath(begun().state, true);
  assert.deepEqual(sent(step), [
    '2001:db8:5::2 > 2001:db8::9 hops 64 SYN 20-80 5000',
    '33:33:ff:00:00:51 who has 2001:db8:5::51',
    '2001:db8:5::2 > 2001:db8:5::51 hops 64 ping 40000',
    '2001:db8:5::2 > 2001:db8::9 hops 1 ping 40001',
  ]);
  const [claim, server, vip] = [advertisement(SERVER), echoReply(40_000, SERVER), echoReply(40_001, VIP)];
  assert.equal(after(step.state), 'no neighbour: 2001:db8:5::51 does not answer neighbour solicitations on eth1');
  assert.equal(after(step.state, claim), 'silent: 2001:db8:5::51 answers neighbour solicitations alone');
  assert.match(after(step.state, claim, server) ?? '', /^no VIP: 2001:db8:5::51 answers ping, but nothing for 2001:db8::9: /);
  assert.match(after(step.state, claim, server, vip) ?? '', /^filtered: the server has 2001:db8::9, /);
  const returned = answer(TcpFlag.syn, OURS, VIP, [20, 80], 0);
  assert.equal(failure(takeFrame(step.state, returned)), undefined, 'of another sequence');
});

test('without a neighbour entry it is asked for first, of a router by its link-local address', () => {
  const step = begun(DR, { nextMac: undefined });
  assert.deepEqual(sent(step), ['33:33:ff:00:00:51 who has 2001:db8:5::51']);
  assert.deepEqual(takeFrame(step.state, advertisement(ROUTER)).frames, []);
  assert.deepEqual(takeFrame(step.state, advertisement(SERVER, MAC)).frames, [], 'our own');
  assert.deepEqual(sent(takeFrame(step.state, advertisement(SERVER))), ['2001:db8:5::2 > 2001:db8::9 hops 1 SYN 40000-80 100']);
  const routed = begun(NAT, { nextMac: undefined, next: ROUTER });
  assert.deepEqual(sent(routed), ['33:33:ff:00:00:01 who has fe80::1']);
  assert.equal(after(routed.state), 'no neighbour: the router fe80::1 does not answer neighbour solicitations on eth1');
});

test('VS/NAT: from the VIP where the server needs a gateway for it', () => {
  const step = begun(NAT);
  assert.deepEqual(sent(step), ['2001:db8::9 > 2001:db8:5::51 hops 64 SYN 40000-8080 100']);
  assert.deepEqual(takeFrame(step.state, answer(BOTH, SERVER, VIP, [8080, 40_000], 101)).end, {});
  const { state } = askPath(step.state, true);
  const nearby = takeFrame(state, answer(BOTH, SERVER, OURS, [8080, 40_001], 5001));
  assert.match(after(nearby.state) ?? '', /^no way back: the server answers 2001:db8:5::2, but not 2001:db8::9: /);
  const near = begun(NAT, { networks: [{ ifindex: 2, address: ip('2001:db8::2'), prefixLength: 64 }] });
  assert.deepEqual(sent(near), ['2001:db8:5::2 > 2001:db8:5::51 hops 64 SYN 40000-8080 100']);
});
