import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../model/address.js';
import { parseIpv6 } from '../../model/address-text.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { encodeArp } from '../../wire/arp.js';
import { concat } from '../../wire/bytes.js';
import { encodeIcmp, IcmpType, IcmpUnreachable } from '../../wire/icmp.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../wire/ipv4.js';
import { encodeIpv6 } from '../../wire/ipv6.js';
import { unsolicitedAdvertisement } from '../../wire/ndisc.js';
import { neighbourSolicitation } from '../../wire/ndisc-probe.js';
import { encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../wire/tcp.js';
import { encodeUdp } from '../../wire/udp.js';
import type { HostInterface } from '../definition/names.js';
import { readPcap } from './pcap.js';
import { atPorts, boundsText, countTraffic, sumTraffic, within } from './traffic.js';

const ip = (...bytes: readonly [number, number, number, number]): Address => ({
  family: 'inet',
  words: [((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0],
});
const client = ip(192, 168, 88, 10);
const vip = ip(192, 168, 88, 15);
const CLIENT_MAC = '02:77:00:00:00:00';
const WEB_MAC = '02:77:00:00:01:00';

const macBytes = (mac: string): Uint8Array => Uint8Array.from(mac.split(':').map((part) => Number.parseInt(part, 16)));

/** One record of a capture: its port, direction, sending interface and payload. `keep`: captured bytes of the payload. */
function record(ifindex: number, type: number, mac: string, etherType: number, payload: Uint8Array, keep = payload.length): Uint8Array {
  const bytes = new Uint8Array(16 + 20);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 20 + keep, true);
  view.setUint32(12, 20 + payload.length, true);
  view.setUint16(16, etherType);
  view.setUint32(20, ifindex);
  view.setUint8(26, type);
  view.setUint8(27, 6);
  bytes.set(macBytes(mac), 28);
  return concat(bytes, payload.subarray(0, keep));
}

function capture(...records: readonly Uint8Array[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, 0xa1b2c3d4, true);
  header.setUint32(20, 276, true);
  return concat(new Uint8Array(header.buffer), ...records);
}

const segment = (
  source: Address,
  destination: Address,
  sourcePort: number,
  destinationPort: number,
  flags: number,
  payload = new Uint8Array(0),
): Uint8Array =>
  encodeIpv4({
    ...IPV4_DEFAULTS,
    protocol: IpProtocol.tcp,
    source,
    destination,
    payload: encodeTcp({ ...TCP_DEFAULTS, sourcePort, destinationPort, flags, payload }, source, destination),
  });

const syn = (port: number, more = 0): Uint8Array => segment(client, vip, port, 80, TcpFlag.syn, new Uint8Array(more));
const arp = encodeArp({ operation: 'reply', senderMac: WEB_MAC, senderAddress: vip, targetMac: CLIENT_MAC, targetAddress: client });

const file = capture(
  record(2, 3, CLIENT_MAC, 0x0800, syn(40001)),
  record(2, 3, CLIENT_MAC, 0x0800, syn(40002, 1000), 40),
  record(3, 4, CLIENT_MAC, 0x0800, syn(40001)),
  record(2, 4, WEB_MAC, 0x0800, segment(vip, client, 80, 40001, TcpFlag.syn | TcpFlag.ack)),
  record(2, 4, WEB_MAC, 0x0806, arp),
  record(1, 4, WEB_MAC, 0x0806, arp),
);

const iface = (host: string, mac: string): HostInterface => ({
  host,
  interfaceName: 'eth0',
  switch: 'lan',
  port: `${host}-eth0`,
  mac,
  addresses: [],
});
const packets = atPorts(
  readPcap(file),
  new Map([
    [1, 'br-lan'],
    [2, 'client1-eth0'],
    [3, 'web1-eth0'],
  ]),
  [iface('client1', CLIENT_MAC), iface('web1', WEB_MAC)],
);

test('a capture gives the port, the direction and the sender of each packet; the bridge itself is not a port', () => {
  assert.deepEqual(
    packets.map(({ host, outgoing, sender, protocol, flags }) => [host, outgoing, sender, protocol, flags]),
    [
      ['client1', false, 'client1', 'tcp', 'S'],
      ['client1', false, 'client1', 'tcp', 'S'],
      ['web1', true, 'client1', 'tcp', 'S'],
      ['client1', true, 'web1', 'tcp', 'SA'],
      ['client1', true, 'web1', 'arp-reply', undefined],
    ],
  );
});

test('a SYN that is sent again counts once at each port, one of a next connection from there does not', () => {
  const next = encodeTcp({ ...TCP_DEFAULTS, sourcePort: 40001, destinationPort: 80, flags: TcpFlag.syn, sequence: 7 }, client, vip);
  const again = encodeIpv4({ ...IPV4_DEFAULTS, protocol: IpProtocol.tcp, source: client, destination: vip, payload: next });
  const seen = atPorts(
    readPcap(
      capture(
        record(2, 3, CLIENT_MAC, 0x0800, syn(40001)),
        record(3, 4, CLIENT_MAC, 0x0800, syn(40001)),
        record(2, 3, CLIENT_MAC, 0x0800, syn(40001)),
        record(2, 3, CLIENT_MAC, 0x0800, again),
      ),
    ),
    new Map([
      [2, 'client1-eth0'],
      [3, 'web1-eth0'],
    ]),
    [iface('client1', CLIENT_MAC), iface('web1', WEB_MAC)],
  );
  assert.deepEqual(
    seen.map(({ host, sequence }) => [host, sequence]),
    [
      ['client1', 0],
      ['web1', 0],
      ['client1', 7],
    ],
  );
});

test('packets of IPv6, whose neighbours are asked for by address', () => {
  const six = (text: string): Address => parseIpv6(text) ?? assert.fail(text);
  const [source, destination] = [six('fd00::10'), six('fd00::15')];
  const tcp = encodeTcp({ ...TCP_DEFAULTS, sourcePort: 40001, destinationPort: 80, flags: TcpFlag.syn }, source, destination);
  const packet = encodeIpv6({ source, destination, protocol: IpProtocol.tcp, hopLimit: 64, payload: tcp });
  const error = encodeIpv6({ source, destination, protocol: IpProtocol.icmpv6, hopLimit: 64, payload: Uint8Array.of(1, 0, 0, 0) });
  const payloadOf = (frame: Uint8Array): Uint8Array => frame.subarray(14);
  const seen = atPorts(
    readPcap(
      capture(
        record(2, 3, CLIENT_MAC, 0x86dd, payloadOf(neighbourSolicitation(CLIENT_MAC, source, destination))),
        record(2, 4, WEB_MAC, 0x86dd, payloadOf(unsolicitedAdvertisement(WEB_MAC, destination, false))),
        record(2, 3, CLIENT_MAC, 0x86dd, packet),
        record(2, 4, WEB_MAC, 0x86dd, error),
        record(2, 4, WEB_MAC, 0x86dd, error.subarray(0, 20)),
      ),
    ),
    new Map([[2, 'client1-eth0']]),
    [iface('client1', CLIENT_MAC)],
  );
  assert.deepEqual(
    seen.map(({ protocol, source: from, destination: to, destinationPort, flags }) => [protocol, from, to, destinationPort, flags]),
    [
      ['neighbour-request', 'fd00::10', 'fd00::15', undefined, undefined],
      ['neighbour-reply', 'fd00::15', 'ff02::1', undefined, undefined],
      ['tcp', 'fd00::10', 'fd00::15', 80, 'S'],
      ['icmpv6', 'fd00::10', 'fd00::15', undefined, undefined],
      ['ether-86dd', '', '', undefined, undefined],
    ],
  );
  assert.equal(countTraffic(seen, { destination: 'FD00:0:0::15', destinationPort: 80, packets: 0 }), 1);
});

/** Captured at the client's port. */
const atClient = (...records: readonly Uint8Array[]) =>
  atPorts(readPcap(capture(...records)), new Map([[2, 'client1-eth0']]), [iface('client1', CLIENT_MAC)]);

test('a packet in a tunnel is the inner one, with the ends of the outer one', () => {
  const [dip, rip] = [ip(192, 168, 88, 5), ip(203, 0, 113, 100)];
  const six = parseIpv6('fd00::1') ?? assert.fail();
  const outer = (protocol: number, payload: Uint8Array): Uint8Array =>
    encodeIpv4({ ...IPV4_DEFAULTS, protocol, source: dip, destination: rip, payload });
  const udp = (destinationPort: number, payload: Uint8Array): Uint8Array =>
    encodeUdp({ sourcePort: 40_000, destinationPort, payload, checksum: 0 }, dip, rip);
  const gue = (first: number, ...rest: readonly Uint8Array[]): Uint8Array => concat(Uint8Array.of(first, 4, 0, 0), ...rest);
  const inSix = encodeIpv6({ source: six, destination: six, protocol: IpProtocol.ipip, hopLimit: 64, payload: syn(40101) });
  const large = outer(IpProtocol.udp, udp(6080, gue(0, syn(40102, 1000))));
  const packets: readonly (readonly [string, Uint8Array, number?])[] = [
    ['ipip', outer(IpProtocol.ipip, syn(40103))],
    ['gre', outer(IpProtocol.gre, concat(Uint8Array.of(0, 0, 8, 0), syn(40104)))],
    ['gre', outer(IpProtocol.gre, concat(Uint8Array.of(0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1), syn(40105)))],
    ['gue', outer(IpProtocol.udp, udp(6080, gue(0, syn(40106))))],
    ['gue', outer(IpProtocol.udp, udp(6080, gue(1, Uint8Array.of(1, 2, 3, 4), syn(40107))))],
    ['gue', large, 192],
  ];
  const seen = atClient(
    ...packets.map(([, bytes, keep]) => record(2, 3, CLIENT_MAC, 0x0800, bytes, keep)),
    record(2, 3, CLIENT_MAC, 0x86dd, inSix),
    record(2, 3, CLIENT_MAC, 0x0800, outer(IpProtocol.udp, udp(6081, gue(0, syn(40108))))),
    record(2, 3, CLIENT_MAC, 0x0800, outer(IpProtocol.gre, Uint8Array.of(0, 1, 0x88, 0x0b, 0, 0))),
    record(2, 3, CLIENT_MAC, 0x0800, outer(IpProtocol.ipip, Uint8Array.of(0))),
  );
  assert.deepEqual(
    seen
      .slice(0, packets.length)
      .map(({ tunnel, ...packet }) => [tunnel, packet.outerSource, packet.outerDestination, packet.source, packet.flags]),
    packets.map(([tunnel]) => [tunnel, '192.168.88.5', '203.0.113.100', '192.168.88.10', 'S']),
  );
  assert.deepEqual(
    seen.slice(packets.length).map(({ protocol, tunnel }) => [protocol, tunnel]),
    [
      ['tcp', 'ipip'],
      ['udp', undefined],
      ['ip-47', undefined],
      ['ip-4', undefined],
    ],
  );
  const inTunnel = { destination: '192.168.88.15', flags: 'S', outerSource: '192.168.88.5', packets: 0 };
  assert.equal(countTraffic(seen, inTunnel), packets.length);
  assert.equal(countTraffic(seen, { ...inTunnel, tunnel: 'gre', outerDestination: '203.0.113.100' }), 2);
  assert.equal(countTraffic(seen, { outerSource: 'FD00:0::1', packets: 0 }), 1);
  assert.equal(countTraffic(seen, { tunnel: 'none', packets: 0 }), 3);
  assert.equal(sumTraffic(seen)[0]?.tunnel, 'ipip 192.168.88.5 > 203.0.113.100');
});

test('errors about packets that are too large, by the size that they name', () => {
  const six = parseIpv6('fd00::1') ?? assert.fail();
  const error = (code: number): Uint8Array =>
    encodeIpv4({
      ...IPV4_DEFAULTS,
      protocol: IpProtocol.icmp,
      source: vip,
      destination: client,
      payload: encodeIcmp({ type: IcmpType.unreachable, code, rest: 1480, body: syn(40001) }),
    });
  const tooBig = encodeIpv6({
    source: six,
    destination: six,
    protocol: IpProtocol.icmpv6,
    hopLimit: 64,
    payload: Uint8Array.of(2, 0, 0, 0, 0, 0, 5, 0),
  });
  const seen = atClient(
    record(2, 4, WEB_MAC, 0x0800, error(IcmpUnreachable.fragmentationNeeded)),
    record(2, 4, WEB_MAC, 0x0800, error(IcmpUnreachable.port)),
    record(2, 4, WEB_MAC, 0x86dd, tooBig),
  );
  assert.deepEqual(
    seen.map(({ protocol, mtu }) => [protocol, mtu]),
    [
      ['icmp', 1480],
      ['icmp', undefined],
      ['icmpv6', 1280],
    ],
  );
  assert.equal(countTraffic(seen, { protocol: 'icmp', mtu: 1480, packets: 0 }), 1);
});

test('an incomplete packet at the end of the file is left out', () => {
  assert.equal(readPcap(file.subarray(0, file.length - 1)).length, 5);
  assert.deepEqual(readPcap(new Uint8Array(0)), []);
});

test('another kind of file is refused', () => {
  assert.throws(() => readPcap(new Uint8Array(64)), /not a pcap file/);
  const ethernet = capture();
  ethernet[20] = 1;
  ethernet[21] = 0;
  assert.throws(() => readPcap(ethernet), /link type 1, not 276/);
});

test('packets are counted by any combination of conditions', () => {
  assert.equal(countTraffic(packets, { packets: 0 }), 5);
  assert.equal(countTraffic(packets, { at: 'client1', direction: 'from', flags: 'S', packets: 0 }), 2);
  assert.equal(countTraffic(packets, { at: 'web1:eth0', packets: 0 }), 1);
  assert.equal(countTraffic(packets, { at: 'web1:eth1', packets: 0 }), 0);
  assert.equal(countTraffic(packets, { from: 'web1', source: '192.168.88.15', packets: 0 }), 2);
  assert.equal(countTraffic(packets, { protocol: 'arp-reply', source: '192.168.88.15', packets: 0 }), 1);
  assert.equal(countTraffic(packets, { flags: 'SA', packets: 0 }), 1);
  assert.equal(countTraffic(packets, { destinationPort: 80, packets: 0 }), 3);
  assert.equal(countTraffic(packets, { sourcePort: 80, packets: 0 }), 1);
});

test('a sum shows the service’s port and not the client’s', () => {
  assert.deepEqual(sumTraffic(packets)[0], {
    port: 'client1:eth0',
    direction: 'from',
    sender: 'client1',
    protocol: 'tcp',
    source: '192.168.88.10',
    destination: '192.168.88.15:80',
    flags: 'S',
    packets: 2,
    bytes: 1080,
  });
  assert.equal(sumTraffic(packets).length, 4);
});

test('bounds: a number, from, to, both', () => {
  assert.ok(within(3, 3) && !within(4, 3));
  assert.ok(within(3, { min: 3 }) && !within(2, { min: 3 }));
  assert.ok(within(3, { max: 3 }) && !within(4, { max: 3 }));
  assert.deepEqual([3, { min: 1 }, { max: 2 }, { min: 1, max: 2 }, {}].map(boundsText), [
    '3',
    'at least 1',
    'at most 2',
    '1 to 2',
    'at least 0',
  ]);
});
