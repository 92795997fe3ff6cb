// Corners that one frame alone does not show: the limit on ICMP errors, frames too short for the kernel's test runs, next
// hops that are warm, and a director that does not forward.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { clockNow } from '../../src/datapath/ebpf/table/clock.js';
import type { RefusalErrno } from '../../src/model/errors/error-row.js';
import { isRefusal } from '../../src/model/errors/weir-error.js';
import { native } from '../../src/sys/addon.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import { type ArpMessage, decodeArp } from '../../src/wire/arp.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { CLIENT, DR_VIP, ip, OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { cut } from './fixtures/cut-packets.js';
import { destination, type Setup, service, serviceKey } from './fixtures/fixture.js';
import { bytes, fromClient, tcp, toServer, udp } from './fixtures/packets.js';
import { checkTable } from './table-check.js';
import { sameFrame } from './verdict.js';

const skip = skipReason();

function bedWith(...setups: readonly Setup[]): Bed {
  const bed = openBed();
  for (const { service: spec, destinations } of setups) {
    bed.director.addService(spec);
    for (const each of destinations) bed.director.addDestination(spec.key, each);
  }
  return bed;
}

test('ICMP errors are limited in number; what is held back is counted', { skip }, () => {
  const bed = bedWith(service('udp', VIP, 53, []));
  try {
    let answered = 0;
    let sent = 0;
    while ((bed.drops()['icmp_limited'] ?? 0) === 0 && sent < 100_000) {
      const outcome = bed.send('ingress', 'front', fromClient(udp({ from: `${CLIENT}:${1024 + (sent % 60_000)}`, to: `${VIP}:53` })));
      answered += outcome.verdict === 'redirect' ? 1 : 0;
      sent += 1;
    }
    const drops = bed.drops();
    assert.equal(drops['icmp_limited'], 1, 'the limit was met');
    assert.equal(drops['no_destination'], sent);
    assert.equal(answered, sent - 1);
    assert.ok(answered >= 50, 'a burst is let through');
  } finally {
    bed.close();
  }
});

breadth('frames of every length from a real device: nothing is opened, the next good packet is served', { skip }, async () => {
  const bed = bedWith(service('tcp', VIP, 80, [destination(`${SERVERS[0]}:80`, 'masq')]));
  const whole = fromClient(tcp({ from: `${CLIENT}:40000`, to: `${VIP}:80` }, 'S'));
  const socket = new PacketSocket(native().ifNameToIndex('front-far'), 0x0800);
  try {
    for (let length = 14; length < whole.length; length++) socket.send(whole.slice(0, length));
    socket.send(fromClient(tcp({ from: `${CLIENT}:40001`, to: `${VIP}:80` }, 'S')));
    while ([...bed.director.connections()].length === 0) await setTimeout(5);
    assert.deepEqual(
      [...bed.director.connections()].map(({ client }) => client.port),
      [40001],
    );
    checkTable(bed);
  } finally {
    socket.close();
    bed.close();
  }
});

test('a warm next hop: the frame leaves with the addresses of the server and of our device', { skip }, () => {
  const bed = bedWith(service('tcp', DR_VIP, 80, [destination(`${SERVERS[0]}:80`, 'route')]));
  const ends = { from: `${CLIENT}:40000`, to: `${DR_VIP}:80` };
  try {
    bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    const { frame } = bed.send('ingress', 'front', fromClient(tcp(ends, 'A')));
    sameFrame(frame, toServer(tcp(ends, 'A', { ttl: 63 })), 'the frame that leaves');
  } finally {
    bed.close();
  }
});

const ARP = 0x0806;
const isArp = (frame: Uint8Array): boolean => frame[12] === ARP >> 8 && frame[13] === (ARP & 0xff);
const ARP_FRAME_BYTES = 42;

/** What the director asks of the network instead of `sent`, after a while; all of it that is no request is zeros. */
function requestOf(bed: Bed, sent: Uint8Array): ArpMessage {
  let frame = sent;
  // the kernel is asked again after a second: as often as it takes until then
  for (let tries = 0; tries < 1_000_000 && !isArp(frame); tries++) frame = bed.send('ingress', 'front', sent).frame;
  const arp = decodeArp(frame.slice(14)) ?? assert.fail('no ARP request');
  assert.equal(arp.operation, 'request');
  assert.deepEqual(arp.targetAddress, ip(SERVERS[0]));
  assert.ok(
    frame.slice(ARP_FRAME_BYTES).every((byte) => byte === 0),
    Buffer.from(frame).toString('hex'),
  );
  return arp;
}

breadth('a next hop that was used for a while is probed by ARP, and no packet is lost', { skip }, () => {
  const bed = bedWith(service('tcp', VIP, 80, [destination(`${SERVERS[0]}:80`, 'masq')]));
  const ends = { from: `${CLIENT}:40000`, to: `${VIP}:80` };
  const socket = new PacketSocket(native().ifNameToIndex('back-far'), 0x0800);
  try {
    bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    bed.letHopsAge();
    const sent = fromClient(tcp(ends, 'A'));
    const arp = requestOf(bed, sent);
    assert.deepEqual(arp.senderAddress, ip(OWN.back));
    const clone = socket.receive(5000) ?? assert.fail('the packet itself did not leave');
    sameFrame(clone, toServer(tcp({ from: ends.from, to: `${SERVERS[0]}:80` }, 'A', { ttl: 63 })), 'the packet itself');
  } finally {
    socket.close();
    bed.close();
  }
});

/** Next hops are asked for again after so long, in units of the datapath's clock. */
const FRESH_UNITS = 1;

test('what was held back for a first fragment goes on behind it, also when its next hop is due to be probed by ARP', { skip }, async () => {
  const bed = bedWith(service('udp', VIP, 53, [destination(`${SERVERS[0]}:53`, 'masq')]));
  const { conf } = bed.tables;
  const whole = udp({ from: `${CLIENT}:40000`, to: `${VIP}:53` }, { data: bytes(30) });
  const [first, later] = cut(whole, { piece: 24 });
  assert.ok(first && later);
  try {
    bed.send('ingress', 'front', fromClient(whole));
    conf.set(0, Conf.freshFor, FRESH_UNITS);
    for (const since = clockNow(conf); clockNow(conf) - since <= 4 * FRESH_UNITS; ) await setTimeout(1);
    assert.equal(bed.send('ingress', 'front', fromClient(later)).verdict, 'drop');
    assert.equal(bed.send('ingress', 'front', fromClient(first)).verdict, 'redirect');
    for (let tries = 0; bed.totals().inBytes !== 2 * whole.length; tries++) {
      assert.ok(tries < 1000, JSON.stringify([bed.totals(), bed.drops()]));
      await setTimeout(5);
    }
    assert.deepEqual(bed.drops(), { fragment_held: 1 });
  } finally {
    bed.close();
  }
});

breadth('an address that has left the host is not the sender of an ARP request', { skip }, () => {
  const bed = bedWith(service('tcp', VIP, 80, [destination(`${SERVERS[0]}:80`, 'masq')]));
  const ends = { from: `${CLIENT}:40000`, to: `${VIP}:80` };
  try {
    execFileSync('ip', ['addr', 'add', '10.0.2.9/24', 'dev', 'back']);
    execFileSync('sysctl', ['-qw', 'net.ipv4.conf.back.promote_secondaries=1']);
    execFileSync('ip', ['addr', 'del', `${OWN.back}/24`, 'dev', 'back']);
    bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    bed.letHopsAge();
    assert.deepEqual(requestOf(bed, fromClient(tcp(ends, 'A'))).senderAddress, ip('0.0.0.0'));
  } finally {
    bed.close();
  }
});

breadth('DR needs no forwarding', { skip }, () => {
  const bed = bedWith(service('tcp', DR_VIP, 80, [destination(`${SERVERS[0]}:80`, 'route')]));
  try {
    execFileSync('sysctl', ['-qw', 'net.ipv4.ip_forward=0']);
    openDirector().close(); // any command of weir: it puts its own device in order
    const ends = { from: `${CLIENT}:40000`, to: `${DR_VIP}:80` };
    const outcome = bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    assert.equal(outcome.verdict, 'redirect');
    sameFrame(outcome.frame.slice(12), toServer(tcp(ends, 'S', { ttl: 63 })).slice(12), 'the packet that leaves');
  } finally {
    bed.close();
  }
});

test("without forwarding and without weir's own device, a strict rp_filter keeps no new connection out", { skip }, () => {
  const bed = bedWith(service('tcp', DR_VIP, 80, [destination(`${SERVERS[0]}:80`, 'route')]));
  const send = (port: number): string =>
    bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:${port}`, to: `${DR_VIP}:80` }, 'S'))).verdict;
  try {
    bed.settings.filterReversePath('front', 1);
    assert.equal(send(40000), 'redirect');
    execFileSync('sysctl', ['-qw', 'net.ipv4.ip_forward=0']);
    execFileSync('ip', ['link', 'del', 'weir0']);
    assert.equal(send(40001), 'redirect', 'the kernel gives no answer about the way back');
    assert.deepEqual(bed.drops(), {});
  } finally {
    bed.close();
  }
});

test('an address that is not unicast is no destination: broadcast, multicast, this network', { skip }, () => {
  const bed = bedWith(service('tcp', VIP, 80, [destination(`${SERVERS[0]}:80`, 'masq')]));
  const key = serviceKey('tcp', VIP, 80);
  const refuses = (errno: RefusalErrno, work: () => void): void => assert.throws(work, (error) => isRefusal(error, errno));
  try {
    for (const address of ['10.0.1.255', '10.0.2.255', '255.255.255.255', '239.1.1.1', '0.0.0.0']) {
      refuses('EINVAL', () => bed.director.addDestination(key, destination(`${address}:80`, 'masq')));
      refuses('ENOENT', () => bed.director.editDestination(key, destination(`${address}:80`, 'masq')));
    }
    bed.director.addDestination(key, destination('10.0.7.255:80', 'masq'));
  } finally {
    bed.close();
  }
});

breadth('a service whose address leaves the host: its connections go on, new ones do not begin, until it is back', { skip }, () => {
  const bed = bedWith(service('tcp', DR_VIP, 80, [destination(`${SERVERS[0]}:80`, 'route')]));
  let flow = 0;
  const old = { from: `${CLIENT}:40000`, to: `${DR_VIP}:80` };
  const another = (): string => {
    flow += 1;
    const from = `10.0.1.${128 + (flow % 64)}:${1024 + (flow >> 6)}`;
    return bed.send('ingress', 'front', fromClient(tcp({ from, to: old.to }, 'S'))).verdict;
  };
  /** The answer is cached for a second: tries until then. */
  const becomes = (verdict: string): void => {
    for (let tries = 0; another() !== verdict; tries++) assert.ok(tries < 1_000_000, `never: ${verdict}`);
  };
  try {
    for (const letters of ['S', 'A']) assert.equal(bed.send('ingress', 'front', fromClient(tcp(old, letters))).verdict, 'redirect');
    execFileSync('ip', ['addr', 'del', `${DR_VIP}/32`, 'dev', 'front']);
    assert.equal(another(), 'redirect', 'cached');
    bed.letHopsAge();
    becomes('pass');
    assert.equal(bed.send('ingress', 'front', fromClient(tcp(old, 'A'))).verdict, 'redirect', 'the old connection');
    execFileSync('ip', ['route', 'add', 'local', DR_VIP, 'dev', 'lo']);
    becomes('redirect');
    execFileSync('ip', ['route', 'del', 'local', DR_VIP, 'dev', 'lo']);
    execFileSync('sysctl', ['-qw', 'net.ipv4.ip_forward=0']);
    openDirector().close(); // any command of weir: it puts its own device in order
    becomes('pass');
    execFileSync('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.ip_forward=0']);
    becomes('redirect'); // the kernel gives no answer now: the address counts as local
  } finally {
    bed.close();
  }
});
