// The filter of VIP_CHECK's socket as the kernel runs it: a datagram of a Unix socket stands for a frame.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { Family } from '../../model/address.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { viewOf } from '../../wire/bytes.js';
import { assembleFilter } from '../../wire/classic-bpf.js';
import { EtherType, encodeEthernet } from '../../wire/ethernet.js';
import { encodeIcmp } from '../../wire/icmp.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../wire/ipv4.js';
import { encodeIpv6 } from '../../wire/ipv6.js';
import { neighbourSolicitation } from '../../wire/ndisc-probe.js';
import { probeFilter } from '../../wire/probe-filter.js';
import { encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../wire/tcp.js';
import { native } from '../addon.js';
import { Fd } from '../fd.js';

const FIRST_PORT = 40_000;
const [AF_UNIX, SOCK_DGRAM] = [1, 2];
const [HERE, THERE] = [ip('10.5.0.2'), ip('10.5.0.9')];

/** An abstract name. */
const name = new Uint8Array([0, 0, 0, ...Buffer.from(`weir-probe-filter-${process.pid}`)]);
viewOf(name).setUint16(0, AF_UNIX, true);
const receiver = new Fd(native().socket(AF_UNIX, SOCK_DGRAM, 0), 'receiver');
const sender = new Fd(native().socket(AF_UNIX, SOCK_DGRAM, 0), 'sender');
native().bind(receiver.number, name);
native().connect(sender.number, name);
const filter = (family: Family): void => native().attachFilter(receiver.number, probeFilter(family, FIRST_PORT));
after(() => {
  receiver.close();
  sender.close();
});

const into = new Uint8Array(2048);
function passes(frame: Uint8Array): boolean {
  native().sendto(sender.number, frame);
  const length = native().recvfrom(receiver.number, into);
  if (length >= 0) assert.equal(length, frame.length, 'the whole frame is queued');
  return length >= 0;
}

const OPTIONS = new Uint8Array(8);
const packet = (protocol: number, payload: Uint8Array, more = {}): Uint8Array =>
  encodeIpv4({ ...IPV4_DEFAULTS, protocol, source: THERE, destination: HERE, payload, ...more });
const framed = (payload: Uint8Array): Uint8Array =>
  encodeEthernet({ destination: '02:00:00:00:00:01', source: '02:00:00:00:00:02', tags: [], etherType: EtherType.ipv4, payload });
const tcp = (sourcePort: number, destinationPort: number, flags: number): Uint8Array =>
  encodeTcp({ ...TCP_DEFAULTS, sourcePort, destinationPort, flags }, THERE, HERE);
const segment = (sourcePort: number, destinationPort: number, flags: number, more = {}): boolean =>
  passes(framed(packet(IpProtocol.tcp, tcp(sourcePort, destinationPort, flags), more)));
const icmp = (type: number, rest: number, body: Uint8Array = new Uint8Array(8), more = {}): boolean =>
  passes(framed(packet(IpProtocol.icmp, encodeIcmp({ type, code: 0, rest: rest >>> 0, body }), more)));

test('beginnings and resets of connections from our ports pass, other segments do not', () => {
  filter('inet');
  const both = TcpFlag.syn | TcpFlag.ack;
  for (const port of [FIRST_PORT, FIRST_PORT + 15, 20]) {
    assert.ok(segment(80, port, both), `port ${port}`);
    assert.ok(segment(80, port, TcpFlag.rst | TcpFlag.ack), `reset to port ${port}`);
    assert.ok(segment(80, port, both, { options: OPTIONS }), `behind options, port ${port}`);
    assert.ok(!segment(80, port, TcpFlag.ack), `data to port ${port}`);
  }
  for (const port of [FIRST_PORT - 1, FIRST_PORT + 16, 21, 80]) assert.ok(!segment(80, port, both), `port ${port}`);
  assert.ok(segment(20, 80, TcpFlag.syn), 'our own SYN, sent back');
  assert.ok(!segment(80, FIRST_PORT, both, { fragmentOffset: 3 }), 'the rest of a fragmented packet');
});

test('answers to our echoes and errors about our packets pass', () => {
  assert.ok(icmp(0, (FIRST_PORT + 3) << 16));
  assert.ok(!icmp(0, (FIRST_PORT + 16) << 16));
  assert.ok(!icmp(8, FIRST_PORT << 16), 'a request');
  const quoted = (protocol: number, payload: Uint8Array): Uint8Array => packet(protocol, payload).slice(0, 28);
  for (const type of [3, 11]) {
    assert.ok(icmp(type, 0, quoted(IpProtocol.tcp, tcp(FIRST_PORT + 1, 80, TcpFlag.syn))), `type ${type}`);
    assert.ok(icmp(type, 0, quoted(IpProtocol.tcp, tcp(20, 80, TcpFlag.syn)), { options: OPTIONS }), `type ${type}, behind options`);
    assert.ok(!icmp(type, 0, quoted(IpProtocol.tcp, tcp(50_000, 80, TcpFlag.syn))), `type ${type}, another port`);
    const echo = (id: number) => encodeIcmp({ type: 8, code: 0, rest: (id << 16) >>> 0, body: new Uint8Array(0) });
    assert.ok(icmp(type, 0, quoted(IpProtocol.icmp, echo(FIRST_PORT))), `type ${type}, an echo`);
    assert.ok(!icmp(type, 0, quoted(IpProtocol.icmp, echo(1))), `type ${type}, another echo`);
    assert.ok(!icmp(type, 0, quoted(IpProtocol.udp, tcp(FIRST_PORT, 80, 0))), `type ${type}, UDP`);
  }
  assert.ok(!icmp(5, 0, quoted(IpProtocol.tcp, tcp(FIRST_PORT, 80, TcpFlag.syn))), 'a redirect');
});

test('what is cut short does not pass, nor do other protocols', () => {
  const whole = framed(packet(IpProtocol.tcp, tcp(80, FIRST_PORT, TcpFlag.syn)));
  for (let length = 1; length < 48; length++) assert.ok(!passes(whole.subarray(0, length)), `${length} bytes`);
  assert.ok(!passes(framed(packet(IpProtocol.udp, tcp(80, FIRST_PORT, TcpFlag.syn)))));
});

const [HERE6, THERE6] = [ip('2001:db8::2'), ip('2001:db8::9')];
const packet6 = (protocol: number, payload: Uint8Array): Uint8Array =>
  encodeIpv6({ protocol, source: THERE6, destination: HERE6, hopLimit: 64, payload });
const framed6 = (payload: Uint8Array): Uint8Array =>
  encodeEthernet({ destination: '02:00:00:00:00:01', source: '02:00:00:00:00:02', tags: [], etherType: EtherType.ipv6, payload });
const tcp6 = (sourcePort: number, destinationPort: number, flags: number): Uint8Array =>
  packet6(IpProtocol.tcp, encodeTcp({ ...TCP_DEFAULTS, sourcePort, destinationPort, flags }, THERE6, HERE6));
const icmp6 = (type: number, rest: number, body: Uint8Array = new Uint8Array(8)): boolean =>
  passes(framed6(packet6(IpProtocol.icmpv6, encodeIcmp({ type, code: 0, rest: rest >>> 0, body }))));

test('the same of IPv6, and the answers to solicitations', () => {
  filter('inet6');
  const both = TcpFlag.syn | TcpFlag.ack;
  for (const port of [FIRST_PORT, FIRST_PORT + 15, 20]) {
    assert.ok(passes(framed6(tcp6(80, port, both))), `port ${port}`);
    assert.ok(passes(framed6(tcp6(80, port, TcpFlag.rst))), `reset to port ${port}`);
    assert.ok(!passes(framed6(tcp6(80, port, TcpFlag.ack))), `data to port ${port}`);
  }
  for (const port of [FIRST_PORT - 1, FIRST_PORT + 16, 21, 80]) assert.ok(!passes(framed6(tcp6(80, port, both))), `port ${port}`);
  assert.ok(passes(framed6(tcp6(20, 80, TcpFlag.syn))), 'our own SYN, sent back');
  assert.ok(icmp6(129, (FIRST_PORT + 3) << 16));
  assert.ok(!icmp6(129, (FIRST_PORT + 16) << 16));
  assert.ok(!icmp6(128, FIRST_PORT << 16), 'a request');
  const echo = (id: number): Uint8Array =>
    packet6(IpProtocol.icmpv6, encodeIcmp({ type: 128, code: 0, rest: (id << 16) >>> 0, body: new Uint8Array(0) }));
  for (const type of [1, 3]) {
    assert.ok(icmp6(type, 0, tcp6(FIRST_PORT + 1, 80, TcpFlag.syn).slice(0, 48)), `type ${type}`);
    assert.ok(icmp6(type, 0, tcp6(20, 80, TcpFlag.syn).slice(0, 48)), `type ${type}, port 20`);
    assert.ok(!icmp6(type, 0, tcp6(50_000, 80, TcpFlag.syn)), `type ${type}, another port`);
    assert.ok(icmp6(type, 0, echo(FIRST_PORT)), `type ${type}, an echo`);
    assert.ok(!icmp6(type, 0, echo(1)), `type ${type}, another echo`);
  }
  assert.ok(!icmp6(2, 0, tcp6(FIRST_PORT, 80, TcpFlag.syn)), 'too big');
  assert.ok(icmp6(136, 0, new Uint8Array(16)), 'an advertisement');
  assert.ok(!passes(neighbourSolicitation('02:00:00:00:00:02', THERE6, HERE6)), 'a solicitation');
  for (let length = 1; length < 68; length++) {
    assert.ok(!passes(framed6(tcp6(80, FIRST_PORT, TcpFlag.syn)).subarray(0, length)), `${length} bytes`);
  }
  filter('inet');
});

test('a program that is none is refused: an empty one, half an instruction, a jump back', () => {
  for (const program of [new Uint8Array(0), new Uint8Array(7), new Uint8Array(65 * 8)]) {
    assert.throws(() => native().attachFilter(receiver.number, program), { code: 'EINVAL' });
  }
  const loop = [
    { do: 'loadByte', k: 0, label: 'start' },
    { do: 'ifEqual', k: 1, ifSo: 'start' },
    { do: 'accept', k: 0 },
  ] as const;
  assert.throws(() => assembleFilter(loop), RangeError);
  assert.throws(() => assembleFilter([{ do: 'ifEqual', k: 1, ifNot: 'nowhere' }]), RangeError);
});
