// IPv6 clients behind a device without Ethernet headers: a tun device of the director, whose other end is this test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { internetChecksum, pseudoHeaderSum } from '../../src/wire/checksum.js';
import { decodeIpv6, type Ipv6Packet } from '../../src/wire/ipv6.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { tcpChecksumIsRight, udpChecksumIsRight } from '../support/transport-checksum.js';
import { type Cluster, ipvsadm, ok, running, serving, until } from './cluster.js';
import { BACK6, CLIENT6, inCluster6, server6, VIP6 } from './cluster6.js';
import { ip } from './fixtures/bed-addresses.js';
import { bytes } from './fixtures/packets.js';
import { type Icmp6Error, icmp6, tcp6, udp6 } from './fixtures/packets6.js';
import { station } from './live-child.js';
import { answerTo, TUNNEL, type Tunnel, withTunnel } from './tunnel.js';

const skip = noNamespaces() || noTools('perl');

const CLIENT = 'fd00:7::2';
/** Its route has a smaller MTU. */
const NARROW = 'fd00:7::3';
const NARROW_MTU = 1290;
const DIRECTOR = 'fd00:7::1';

type Pipe = Tunnel<Ipv6Packet>;

/** undefined: the kernel's own multicast. */
function unicast(packet: Uint8Array): Ipv6Packet | undefined {
  const read = decodeIpv6(packet) ?? assert.fail(Buffer.from(packet).toString('hex'));
  return (read.destination.words[0] ?? 0) >>> 24 === 0xff ? undefined : read;
}

async function inTunnel(work: (cluster: Cluster, pipe: Pipe) => Promise<void>): Promise<void> {
  await inCluster6((cluster) =>
    withTunnel(cluster, unicast, async (pipe) => {
      const { lvs } = cluster;
      lvs.ip(`addr add ${DIRECTOR}/64 dev ${TUNNEL}`);
      lvs.ip(`link set ${TUNNEL} up`);
      lvs.ip(`-6 route add ${NARROW}/128 dev ${TUNNEL} mtu lock ${NARROW_MTU}`);
      await work(cluster, pipe);
    }),
  );
}

const at = (address: string, port: number): string => `[${address}]:${port}`;
const target = at(VIP6, 80);
const question = (port: number, from = 5000): Uint8Array => udp6({ from: at(CLIENT, from), to: at(VIP6, port) }, { data: bytes(3) });

const UDP_HEADER_BYTES = 8;
const FLAGS_AT = 13;
const ports = ({ payload }: Ipv6Packet): readonly number[] => [0, 2].map((k) => (payload[k] ?? 0) * 256 + (payload[k + 1] ?? 0));

/** A datagram of the service. */
function holdsAnswer(answer: Ipv6Packet, port: number, text: string): void {
  const { source, destination, payload } = answer;
  assert.deepEqual([source, destination, ...ports(answer)], [ip(VIP6), ip(CLIENT), port, 5000]);
  assert.ok(udpChecksumIsRight(payload, source, destination), 'checksum');
  assert.equal(Buffer.from(payload.slice(UDP_HEADER_BYTES)).toString(), text);
}

async function opens(pipe: Pipe, port: number): Promise<void> {
  const ends = { from: at(CLIENT, 6000), to: at(VIP6, port) };
  const answer = await answerTo(pipe, tcp6(ends, 'S'));
  pipe.send(tcp6(ends, 'R', { segment: { sequence: 1001 } })); // the answer is not sent again
  const { source, destination, payload } = answer;
  assert.deepEqual([source, ...ports(answer), payload[FLAGS_AT]], [ip(VIP6), port, 6000, 0x12], 'SYN and ACK');
  assert.ok(tcpChecksumIsRight(payload, source, destination), 'checksum');
}

/** From the service, about the packet that the client has sent. */
function holdsError(answer: Ipv6Packet, { type, code, rest = 0 }: Icmp6Error, sent: Uint8Array, what: string): void {
  const { source, destination, protocol, payload } = answer;
  assert.deepEqual([source, destination, protocol], [ip(VIP6), ip(CLIENT), IpProtocol.icmpv6], what);
  assert.equal(internetChecksum(payload, pseudoHeaderSum(source, destination, protocol, payload.length)), 0, `checksum: ${what}`);
  assert.deepEqual([payload[0], payload[1], new DataView(payload.buffer, payload.byteOffset).getUint32(4)], [type, code, rest], what);
  const [quote, original] = [decodeIpv6(payload.slice(8), true), decodeIpv6(sent)].map((packet) => packet ?? assert.fail(what));
  assert.deepEqual([quote?.source, quote?.destination], [original?.source, original?.destination], `quotes: ${what}`);
  assert.deepEqual(quote?.payload.slice(0, 4), original?.payload.slice(0, 4), `quotes: ${what}`);
}

/** A counter of a host's /proc/net/snmp6. */
const counted = (host: Host, name: string): number =>
  Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(ok(host.run(['cat', '/proc/net/snmp6'])))?.[1] ?? assert.fail(name));

const unreachable: Icmp6Error = { type: 1, code: 4 };

test('IPv6 clients behind a tun device are served by NAT, elsewhere and on the director', { skip }, async () => {
  await inTunnel(async (cluster, pipe) => {
    const { lvs, web1 } = cluster;
    await serving(cluster, web1, 80, '::');
    await serving(cluster, lvs, 90, BACK6);
    for (const protocol of ['t', 'u']) ipvsadm(lvs, `-A -${protocol} ${target}`, `-a -${protocol} ${target} -r ${at(server6(1), 80)} -m`);
    ipvsadm(lvs, `-A -u ${at(VIP6, 81)}`, `-a -u ${at(VIP6, 81)} -r ${at(BACK6, 90)} -m`);
    for (const _time of ['the FIB is asked', 'the next hops are cached', 'again'])
      holdsAnswer(await answerTo(pipe, question(80)), 80, 'web1');
    for (const _time of ['first', 'again']) holdsAnswer(await answerTo(pipe, question(81)), 81, 'lvs');
    await opens(pipe, 80);
    ipvsadm(lvs, `-A -u ${at(VIP6, 0)} -p 60`, `-a -u ${at(VIP6, 0)} -r ${at(server6(1), 0)} -m`);
    await serving(cluster, web1, 82, '::');
    for (const _time of ['first', 'again']) holdsAnswer(await answerTo(pipe, question(82)), 82, 'web1');
    assert.match(ipvsadm(lvs, '-Lcn'), /^UDP .* \[fd00:7::2\]:5000 +\[fd00:8:1::100\]:82 +\[fd00:8:2::11\]:82$/m);
  });
});

test('IPv6 clients behind a tun device are served by DR', { skip }, async () => {
  await inTunnel(async (cluster, pipe) => {
    const { lvs, web1 } = cluster;
    web1.ip(`addr add ${VIP6}/128 dev lo nodad`);
    await serving(cluster, web1, 80, VIP6);
    for (const protocol of ['t', 'u']) ipvsadm(lvs, `-A -${protocol} ${target}`, `-a -${protocol} ${target} -r ${at(server6(1), 80)} -g`);
    for (const _time of ['first', 'again']) holdsAnswer(await answerTo(pipe, question(80)), 80, 'web1');
    await opens(pipe, 80);
    // Its answers go through the director here, which counts them.
    await until(
      () => ipvsadm(lvs, '-Ln --stats'),
      (listed) => /UDP .*\n {2}-> \[fd00:8:2::11\]:80 +1 +2 +2 /.test(listed),
    );
  });
});

test('an IPv6 server behind a tun device serves clients elsewhere', { skip }, async () => {
  await inTunnel(async ({ bed, client, lvs }, pipe) => {
    ipvsadm(lvs, `-A -u ${target}`, `-a -u ${target} -r ${at(CLIENT, 7000)} -m`);
    const { lines } = running(bed, client, station('ask', 'udp', VIP6, 80, 2, 3000));
    for (const [count, name] of ['the FIB is asked', 'the next hop is cached'].entries()) {
      await until(
        () => pipe.received.length,
        (received) => received > count,
      );
      const asked = pipe.received[count] ?? assert.fail(name);
      assert.deepEqual([asked.source, asked.destination, ...ports(asked)], [ip(CLIENT6), ip(CLIENT), 3000 + count, 7000]);
      assert.ok(udpChecksumIsRight(asked.payload, asked.source, asked.destination), 'checksum');
      pipe.send(udp6({ from: at(CLIENT, 7000), to: at(CLIENT6, 3000 + count) }, { data: new TextEncoder().encode(name) }));
    }
    await until(
      () => lines,
      (seen) => seen.length === 2,
    );
    assert.deepEqual(lines, ['the FIB is asked', 'the next hop is cached']);
  });
});

test('ICMPv6 errors about the connections of a client behind a tun device reach both ends', { skip }, async () => {
  await inTunnel(async (cluster, pipe) => {
    const { lvs, web1 } = cluster;
    await serving(cluster, web1, 80, '::');
    const served = (port: number, server: string): void =>
      void ipvsadm(lvs, `-A -u ${at(VIP6, port)}`, `-a -u ${at(VIP6, port)} -r ${server} -m`);
    served(80, at(server6(1), 80));
    served(81, at(server6(1), 81));
    served(82, at(BACK6, 91));
    served(83, at(server6(2), 80));
    ipvsadm(lvs, `-A -u ${at(VIP6, 84)}`);
    lvs.ip(`-6 route add ${server6(2)}/128 dev eth1 mtu lock 1300`);
    const large = udp6({ from: at(CLIENT, 5000), to: at(VIP6, 83) }, { data: bytes(1301) });
    const last = udp6({ from: at(CLIENT, 5000), to: target }, { hopLimit: 1 });
    for (const [sent, error, what] of [
      [question(81), unreachable, 'no server listens'],
      [question(82), unreachable, 'no server listens on the director'],
      [question(84), unreachable, 'no destination is left'],
      [question(83), unreachable, 'the FIB answers with an MTU once the neighbour is known'],
      [large, { type: 2, code: 0, rest: 1300 }, 'larger than the MTU towards the server'],
      [last, { type: 3, code: 0 }, 'the hop limit ends here'],
    ] as const)
      holdsError(await answerTo(pipe, sent), error, sent, what);
    holdsAnswer(await answerTo(pipe, question(80)), 80, 'web1');
    const before = counted(web1, 'Icmp6InDestUnreachs');
    pipe.send(icmp6(CLIENT, VIP6, unreachable, udp6({ from: target, to: at(CLIENT, 5000) })));
    await until(
      () => counted(web1, 'Icmp6InDestUnreachs'),
      (seen) => seen === before + 1,
    );
    assert.equal(counted(web1, 'Icmp6InErrors'), 0, 'none with a wrong checksum');
    const tooBig = counted(web1, 'Icmp6InPktTooBigs');
    await web1.serve(cluster.bed, station('echo', 85, '::'));
    served(85, at(server6(1), 85));
    const fromNarrow = (size: number): Uint8Array => udp6({ from: at(NARROW, 5000), to: at(VIP6, 85) }, { data: bytes(size) });
    assert.deepEqual((await answerTo(pipe, fromNarrow(9))).destination, ip(NARROW), 'the first answer resolves the neighbour');
    pipe.send(fromNarrow(1300));
    await until(
      () => counted(web1, 'Icmp6InPktTooBigs'),
      (seen) => seen === tooBig + 1,
    );
    assert.match(web1.ip(`-6 route get ${NARROW}`), new RegExp(`mtu ${NARROW_MTU}`));
  });
});

test('IPv6 that concerns no service, or no connection, gets from a tun device to the stack', { skip }, async () => {
  await inTunnel(async ({ lvs }, pipe) => {
    ipvsadm(lvs, `-A -t ${target}`, `-a -t ${target} -r ${at(server6(1), 80)} -m`);
    const echoed = await answerTo(pipe, icmp6(CLIENT, DIRECTOR, { type: 128, code: 0, rest: 1 }, bytes(8)));
    assert.deepEqual([echoed.source, echoed.payload[0]], [ip(DIRECTOR), 129]);
    for (const [port, why] of [
      [80, 'a service, no connection'],
      [82, 'no service'],
    ] as const) {
      const reset = await answerTo(pipe, tcp6({ from: at(CLIENT, 6000), to: at(VIP6, port) }, 'A'));
      assert.deepEqual([reset.source, reset.payload[FLAGS_AT]], [ip(VIP6), 0x04], why);
    }
  });
});
