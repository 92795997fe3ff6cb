// Probes of VIP_CHECK: what is sent, and which part of the way each answer shows to fail.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { addressId } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { decodeArp, encodeArp } from '../../../wire/arp.js';
import { decodeEthernet, EtherType, encodeEthernet, type Mac } from '../../../wire/ethernet.js';
import { decodeIcmp, encodeIcmp } from '../../../wire/icmp.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS } from '../../../wire/ipv4.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../../wire/tcp.js';
import type { Hop } from './hop.js';
import { askPath, beginPath, endPath, type PathStep, takeFrame } from './path.js';
import type { PathState, PathTarget } from './path-state.js';

const [OURS, VIP, SERVER, ROUTER] = [ip('10.5.0.2'), ip('192.0.2.9'), ip('10.5.0.51'), ip('10.5.0.1')];
const MAC: Mac = '02:00:00:00:00:01';
const SERVER_MAC: Mac = '02:00:00:00:00:51';
const DR: PathTarget = { method: 'route', vip: { address: VIP, port: 80 }, server: { address: SERVER, port: 80 } };
const NAT: PathTarget = { method: 'masq', vip: { address: VIP, port: 80 }, server: { address: SERVER, port: 8080 } };
const NUMBERS = { port: 40_000, lastPort: 40_001, sequence: 0xffffffff, lastSequence: 5000 };

const hop = (more: Partial<Hop> = {}): Hop => ({
  ifindex: 2,
  device: 'eth1',
  mac: MAC,
  next: SERVER,
  nextMac: SERVER_MAC,
  source: OURS,
  own: new Set([addressId(OURS), addressId(VIP)]),
  networks: [{ ifindex: 2, address: OURS, prefixLength: 24 }],
  ...more,
});

/** What a frame is, in a line. */
function text(frame: Uint8Array): string {
  const ethernet = decodeEthernet(frame);
  assert.ok(ethernet !== undefined);
  if (ethernet.etherType === EtherType.arp) {
    const message = decodeArp(ethernet.payload);
    assert.ok(message?.operation === 'request' && ethernet.destination === 'ff:ff:ff:ff:ff:ff');
    return `who has ${formatAddress(message.targetAddress)}`;
  }
  assert.equal(ethernet.destination, SERVER_MAC);
  const packet = decodeIpv4(ethernet.payload);
  assert.ok(packet !== undefined);
  const way = `${formatAddress(packet.source)} > ${formatAddress(packet.destination)} ttl ${packet.ttl}`;
  if (packet.protocol === IpProtocol.icmp) return `${way} ping ${(decodeIcmp(packet.payload)?.rest ?? 0) >>> 16}`;
  const segment = decodeTcp(packet.payload);
  return `${way} ${segment?.flags === TcpFlag.syn ? 'SYN' : 'RST'} ${segment?.sourcePort}-${segment?.destinationPort} ${segment?.sequence}`;
}

const sent = ({ frames }: PathStep): readonly string[] => frames.map(text);

const back = (protocol: number, payload: Uint8Array, source: Address, destination: Address): Uint8Array =>
  encodeEthernet({
    destination: MAC,
    source: SERVER_MAC,
    tags: [],
    etherType: EtherType.ipv4,
    payload: encodeIpv4({ ...IPV4_DEFAULTS, protocol, source, destination, payload }),
  });

interface Segment {
  readonly flags?: number;
  readonly ack?: number;
  readonly from?: Address;
  readonly to?: Address;
  readonly ports?: readonly [number, number];
  readonly sequence?: number;
}
const BOTH = TcpFlag.syn | TcpFlag.ack;
function segment({ flags = BOTH, ack = 0, from = VIP, to = OURS, ports = [80, 40_000], sequence = 1 }: Segment = {}): Uint8Array {
  const [sourcePort, destinationPort] = ports;
  const tcp = { ...TCP_DEFAULTS, sourcePort, destinationPort, flags, sequence, acknowledgement: ack };
  return back(IpProtocol.tcp, encodeTcp(tcp, from, to), from, to);
}

/** An ICMP error about one of the frames that were sent. */
function error(type: number, code: number, about: Uint8Array, by = SERVER): Uint8Array {
  const body = (decodeEthernet(about)?.payload ?? new Uint8Array(0)).slice(0, 28);
  return back(IpProtocol.icmp, encodeIcmp({ type, code, rest: 0, body }), by, OURS);
}
const echoReply = (id: number, from: Address): Uint8Array =>
  back(IpProtocol.icmp, encodeIcmp({ type: 0, code: 0, rest: ((id << 16) | 1) >>> 0, body: new Uint8Array(56) }), from, OURS);
const arpReply = (address: Address): Uint8Array =>
  encodeEthernet({
    destination: MAC,
    source: SERVER_MAC,
    tags: [],
    etherType: EtherType.arp,
    payload: encodeArp({
      operation: 'reply',
      senderMac: SERVER_MAC,
      senderAddress: address,
      targetMac: MAC,
      targetAddress: OURS,
    }),
  });

const begun = (target = DR, more: Partial<Hop> = {}): PathStep => askPath(beginPath(target, hop(more), NUMBERS), false);
const last = (target = DR, more: Partial<Hop> = {}): PathStep => askPath(begun(target, more).state, true);
const failure = (step: PathStep): string | undefined => step.end?.failure;

/** The end after silence, but for these frames. */
const after = (state: PathState, ...frames: readonly Uint8Array[]): string | undefined =>
  failure(endPath(frames.reduce((now, frame) => takeFrame(now, frame).state, state)));

test('VS/DR: a SYN to the VIP in a frame for the server; its answer ends the probe and is reset', () => {
  const step = begun();
  assert.deepEqual(sent(step), ['10.5.0.2 > 192.0.2.9 ttl 1 SYN 40000-80 4294967295']);
  const done = takeFrame(step.state, segment());
  assert.deepEqual([done.end, sent(done)], [{}, ['10.5.0.2 > 192.0.2.9 ttl 1 RST 40000-80 0']]);
});

test('what was not sent by the server in answer to this very SYN is ignored', () => {
  const { state } = begun();
  const forged: readonly Uint8Array[] = [
    segment({ ack: 1 }),
    segment({ flags: TcpFlag.rst | TcpFlag.ack, ack: 77 }),
    segment({ flags: TcpFlag.rst }),
    segment({ flags: TcpFlag.syn }),
    segment({ flags: TcpFlag.ack }),
    segment({ from: SERVER }),
    segment({ to: VIP }),
    segment({ ports: [81, 40_000] }),
    segment({ ports: [80, 40_001] }),
    error(3, 3, begun(DR).frames[0] as Uint8Array).slice(0, 60),
    error(3, 3, askPath(beginPath(DR, hop(), { ...NUMBERS, sequence: 9 }), false).frames[0] as Uint8Array),
    Uint8Array.of(1, 2, 3),
  ];
  for (const frame of forged) assert.deepEqual(takeFrame(state, frame), { state, frames: [] });
});

test('a reset and an ICMP error name what refuses', () => {
  const { state, frames } = begun();
  assert.equal(
    failure(takeFrame(state, segment({ flags: TcpFlag.rst | TcpFlag.ack }))),
    'refused: the server has 192.0.2.9, but nothing listens on 192.0.2.9 port 80 there',
  );
  const rejected = (code: number): string | undefined => failure(takeFrame(state, error(3, code, frames[0] as Uint8Array)));
  assert.equal(rejected(3), 'unreachable: 10.5.0.51 answers "port unreachable" for 192.0.2.9 port 80');
  assert.equal(rejected(13), 'unreachable: 10.5.0.51 answers "prohibited by a filter" for 192.0.2.9 port 80');
  assert.equal(rejected(99), 'unreachable: 10.5.0.51 answers "unreachable, code 99" for 192.0.2.9 port 80');
});

test('VS/DR: after silence a last SYN that the datapath does not schedule, and questions that show what is missing', () => {
  const step = last();
  assert.deepEqual(sent(step), [
    '10.5.0.2 > 192.0.2.9 ttl 64 SYN 20-80 5000',
    'who has 10.5.0.51',
    '10.5.0.2 > 10.5.0.51 ttl 64 ping 40000',
    '10.5.0.2 > 192.0.2.9 ttl 1 ping 40001',
  ]);
  const late = takeFrame(step.state, segment({ ports: [80, 20], ack: 5001 }));
  assert.deepEqual(late.end, {}, 'answered at last: a container has the VIP');
  assert.deepEqual(sent(late), ['10.5.0.2 > 192.0.2.9 ttl 1 RST 40000-80 0', '10.5.0.2 > 192.0.2.9 ttl 64 RST 20-80 5001']);
  const [arp, server, vip] = [arpReply(SERVER), echoReply(40_000, SERVER), echoReply(40_001, VIP)];
  assert.equal(after(step.state), 'no neighbour: 10.5.0.51 does not answer ARP on eth1');
  assert.equal(after(step.state, arp), 'silent: 10.5.0.51 answers ARP alone');
  assert.equal(
    after(step.state, arp, server),
    'no VIP: 10.5.0.51 answers ping, but nothing for 192.0.2.9: it has no such address, or a filter drops it',
  );
  assert.equal(after(step.state, arp, server, vip), 'filtered: the server has 192.0.2.9, but does not answer on 192.0.2.9 port 80');
  assert.equal(after(step.state, echoReply(40_001, SERVER), echoReply(1, VIP)), after(step.state), 'answers to other echoes');
  assert.deepEqual(sent(endPath(step.state)).length, 2, 'whatever SYN it has got is reset');
});

test('VS/DR: a server that sends packets for the VIP on', () => {
  const { state, frames } = begun();
  const step = takeFrame(state, error(11, 0, frames[0] as Uint8Array));
  assert.equal(sent(step)[0], '10.5.0.2 > 192.0.2.9 ttl 64 SYN 20-80 5000', 'asked immediately');
  assert.equal(
    after(step.state),
    'forwarded: 10.5.0.51 sends packets for 192.0.2.9 on and nothing answers: the server has no such address',
  );
  assert.deepEqual(takeFrame(step.state, error(11, 0, frames[0] as Uint8Array)).frames, [], 'once');
  const returned = segment({ flags: TcpFlag.syn, from: OURS, to: VIP, ports: [20, 80], sequence: 5000 });
  const end = takeFrame(step.state, returned);
  assert.equal(failure(end), 'forwarded: the server sends packets for 192.0.2.9 back, it has no such address');
  assert.deepEqual(sent(end), ['10.5.0.2 > 192.0.2.9 ttl 1 RST 40000-80 0'], 'no reset that would come back, too');
  assert.equal(
    failure(takeFrame(step.state, segment({ flags: TcpFlag.syn, from: OURS, to: VIP, ports: [20, 80], sequence: 9 }))),
    undefined,
  );
  assert.deepEqual(takeFrame(step.state, segment({ ports: [80, 20], ack: 5001 })).end, {}, 'containers behind the server');
});

test('without a neighbour entry ARP is asked first', () => {
  const step = begun(DR, { nextMac: undefined });
  assert.deepEqual(sent(step), ['who has 10.5.0.51']);
  assert.equal(after(step.state), 'no neighbour: 10.5.0.51 does not answer ARP on eth1');
  assert.deepEqual(sent(endPath(step.state)), []);
  assert.deepEqual(takeFrame(step.state, segment()).end, undefined, 'nothing was sent yet');
  assert.deepEqual(sent(takeFrame(step.state, arpReply(SERVER))), ['10.5.0.2 > 192.0.2.9 ttl 1 SYN 40000-80 4294967295']);
  assert.deepEqual(takeFrame(step.state, arpReply(ROUTER)).frames, []);
  const routed = begun(NAT, { nextMac: undefined, next: ROUTER });
  assert.equal(after(routed.state), 'no neighbour: the router 10.5.0.1 does not answer ARP on eth1');
});

test('VS/NAT: from the VIP, so that the answer needs the gateway; a last SYN from the network of the server', () => {
  const step = begun(NAT);
  assert.deepEqual(sent(step), ['192.0.2.9 > 10.5.0.51 ttl 64 SYN 40000-8080 4294967295']);
  const done = takeFrame(step.state, segment({ from: SERVER, to: VIP, ports: [8080, 40_000] }));
  assert.deepEqual([done.end, sent(done)], [{}, ['192.0.2.9 > 10.5.0.51 ttl 64 RST 40000-8080 0']]);
  const { state, frames } = askPath(step.state, true);
  assert.deepEqual(frames.map(text), [
    '10.5.0.2 > 10.5.0.51 ttl 64 SYN 40001-8080 5000',
    'who has 10.5.0.51',
    '10.5.0.2 > 10.5.0.51 ttl 64 ping 40000',
  ]);
  const nearby = takeFrame(state, segment({ from: SERVER, to: OURS, ports: [8080, 40_001], ack: 5001 }));
  assert.equal(nearby.end, undefined);
  assert.equal(
    after(nearby.state),
    'no way back: the server answers 10.5.0.2, but not 192.0.2.9: this director is not its gateway, or a filter drops it',
  );
  assert.equal(after(state, echoReply(40_000, SERVER)), 'filtered: 10.5.0.51 answers ping, but not on 10.5.0.51 port 8080');
  const refused = segment({ from: SERVER, to: OURS, ports: [8080, 40_001], ack: 5001, flags: TcpFlag.rst | TcpFlag.ack });
  assert.equal(failure(takeFrame(state, refused)), 'refused: nothing listens on 10.5.0.51 port 8080');
});

test('VS/NAT: from the network of the server where the VIP is not here, or needs no gateway', () => {
  const from = '10.5.0.2 > 10.5.0.51 ttl 64 SYN 40000-8080 4294967295';
  assert.deepEqual(sent(begun(NAT, { own: new Set([addressId(OURS)]) })), [from]);
  const near = begun(NAT, { networks: [{ ifindex: 2, address: VIP, prefixLength: 24 }] });
  assert.deepEqual(sent(near), [from]);
  assert.deepEqual(takeFrame(near.state, segment({ from: SERVER, ports: [8080, 40_000] })).end, {});
});
