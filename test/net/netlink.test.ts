// Route netlink and raw frames against the real kernel, in namespaces that this process does not enter.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { formatAddress } from '../../src/model/address-text.js';
import { hasCode } from '../../src/sys/errno.js';
import { openFds } from '../../src/sys/fd.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import { BROADCAST_MAC, decodeEthernet, encodeEthernet } from '../../src/wire/ethernet.js';
import { NetlinkFlag, type NetlinkRequest } from '../../src/wire/netlink.js';
import { RouteMessage } from '../../src/wire/rtnetlink.js';
import {
  addAddress,
  decodeInterfaceAddress,
  deleteAddress,
  dumpAddresses,
  type InterfaceAddress,
} from '../../src/wire/rtnetlink-address.js';
import {
  changeLink,
  decodeLink,
  deleteLink,
  dumpLinks,
  encodeLinkChange,
  type LinkChange,
  LinkFlag,
} from '../../src/wire/rtnetlink-link.js';
import { decodeNeighbour, deleteNeighbour, dumpNeighbours, NeighbourState, setNeighbour } from '../../src/wire/rtnetlink-neighbour.js';
import { addRoute, decodeRoute, deleteRoute, dumpRoutes, lookUpRoute, type Route } from '../../src/wire/rtnetlink-route.js';
import { ip } from '../support/ip.js';
import { Bed, noNamespaces } from '../support/netns-bed.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
let left: Netns;
let right: Netns;
let netlink: Netlink;
let device: number;
let far: number;
let namespace: string;

const own = (text: string, prefixLength: number, label?: string): InterfaceAddress => ({
  ifindex: device,
  address: ip(text),
  prefixLength,
  scope: 0,
  flags: 0x80,
  ...(label === undefined ? {} : { label }),
});
const refused = (code: string, words: RegExp) => (error: unknown) => hasCode(error, code) && words.test((error as Error).message);

before(() => {
  if (on.skip) return;
  const lan = bed.lan('lan');
  const [a, b] = [bed.host('a'), bed.host('b')];
  bed.cable(a, 'za0', lan, '192.0.2.1/24');
  bed.cable(b, 'zb0', lan, '192.0.2.2/24');
  namespace = a.namespace;
  left = Netns.byName(a.namespace);
  right = Netns.byName(b.namespace);
  netlink = new Netlink(left.fd.number);
  device = left.ifIndex('za0');
  far = right.ifIndex('zb0');
});
after(() => {
  netlink?.close();
  left?.close();
  right?.close();
  bed.close();
  assert.deepEqual(openFds(), []);
});

const addLink = (change: LinkChange): NetlinkRequest => ({
  type: RouteMessage.newLink,
  flags: NetlinkFlag.create | NetlinkFlag.exclusive,
  payload: encodeLinkChange(change),
});

test('links: made, listed, changed, removed', on, () => {
  netlink.change(addLink({ name: 'br7', kind: 'bridge', mac: '02:00:00:00:00:07' }), 'add br7');
  const find = () => netlink.dump(dumpLinks(), decodeLink, 'list links').find(({ name }) => name === 'br7');
  const made = find();
  assert.deepEqual([made?.kind, made?.mac, (made?.flags ?? 0) & LinkFlag.up], ['bridge', '02:00:00:00:00:07', 0]);
  netlink.change(changeLink({ ifindex: made?.ifindex ?? 0, up: true, mtu: 1300 }), 'change br7');
  assert.deepEqual([find()?.mtu, (find()?.flags ?? 0) & LinkFlag.up], [1300, LinkFlag.up]);
  assert.throws(() => netlink.change(addLink({ name: 'br7', kind: 'bridge' }), 'add br7'), refused('EEXIST', /^EEXIST: add br7/));
  netlink.change(deleteLink(made?.ifindex ?? 0), 'remove br7');
  assert.equal(find(), undefined);
  assert.throws(() => netlink.change(deleteLink(made?.ifindex ?? 0), 'remove br7'), refused('ENODEV', /^ENODEV: remove br7/));
});

test('addresses: a table of several datagrams, labels, and the kernel’s own words', on, () => {
  const list = () =>
    netlink
      .dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses')
      .filter(({ ifindex, address }) => ifindex === device && address.family === 'inet');
  const was = list();
  for (let count = 0; count < 600; count++) {
    netlink.change(addAddress(own(`198.18.${count >> 8}.${count & 255}`, 32, `za0:${count}`)), 'add');
  }
  assert.equal(list().length, was.length + 600);
  assert.deepEqual(list().find(({ label }) => label === 'za0:513')?.address, ip('198.18.2.1'));
  assert.throws(() => netlink.change(addAddress(own('198.18.2.1', 32)), 'add again'), refused('EEXIST', /^EEXIST: add again( \(.*\))?$/));
  for (let count = 0; count < 600; count++) {
    netlink.change(deleteAddress(own(`198.18.${count >> 8}.${count & 255}`, 32)), 'remove');
  }
  assert.deepEqual(list(), was);
  assert.throws(() => netlink.change(deleteAddress(own('198.18.2.1', 32)), 'remove'), refused('EADDRNOTAVAIL', /^EADDRNOTAVAIL: remove/));
});

test('a table that changes while it is read is complete: no steady address is missing or there twice', on, async () => {
  const steady = Array.from({ length: 400 }, (_, index) => `198.19.${index >> 8}.${index & 255}`);
  for (const address of steady) netlink.change(addAddress(own(address, 32)), 'add');
  const lines = Array.from({ length: 4000 }, (_, index) => `addr ${index % 2 === 0 ? 'add' : 'del'} 198.20.0.1/32 dev za0\n`).join('');
  const stir = spawn('ip', ['-n', namespace, '-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
  bed.atEnd(() => stir.kill('SIGKILL'));
  stir.stdin.end(lines);
  let over = false;
  stir.once('exit', () => {
    over = true;
  });
  while (!over) {
    const found = netlink
      .dump(dumpAddresses(), decodeInterfaceAddress, 'list')
      .map(({ address }) => formatAddress(address))
      .filter((text) => text.startsWith('198.19.'));
    assert.deepEqual(found.sort(), [...steady].sort());
    await new Promise((done) => setImmediate(done));
  }
  for (const address of steady) netlink.change(deleteAddress(own(address, 32)), 'remove');
});

test('IPv6 addresses are listed as they were set', on, () => {
  const six: InterfaceAddress = { ifindex: device, address: ip('2001:db8::5'), prefixLength: 64, scope: 0, flags: 0x82 };
  netlink.change(addAddress(six), 'add');
  const found = netlink
    .dump(dumpAddresses(), decodeInterfaceAddress, 'list')
    .find(({ address }) => address.words.join() === six.address.words.join());
  assert.deepEqual([found?.prefixLength, found?.address], [64, six.address]);
  netlink.change(deleteAddress(six), 'remove');
});

test('routes: added, listed, looked up, removed', on, () => {
  const route: Route = {
    family: 'inet',
    destination: ip('203.0.113.0'),
    prefixLength: 24,
    table: 254,
    protocol: 4,
    scope: 0,
    type: 1,
    ifindex: device,
    gateway: ip('192.0.2.2'),
    priority: 7,
  };
  netlink.change(addRoute(route), 'add route');
  assert.deepEqual(
    netlink.dump(dumpRoutes('inet'), decodeRoute, 'list').find(({ priority }) => priority === 7),
    route,
  );
  const found = decodeRoute(netlink.get(lookUpRoute(ip('203.0.113.9')), 'look up'));
  assert.deepEqual([found?.gateway, found?.ifindex, found?.preferredSource], [ip('192.0.2.2'), device, ip('192.0.2.1')]);
  netlink.change(deleteRoute(route), 'remove route');
  assert.throws(() => netlink.get(lookUpRoute(ip('203.0.113.9')), 'look up'), refused('ENETUNREACH', /look up/));
  assert.throws(() => netlink.change(deleteRoute(route), 'remove route'), refused('ESRCH', /remove route/));
});

test('neighbours: set, changed, removed', on, () => {
  const neighbour = { ifindex: device, address: ip('192.0.2.77'), state: NeighbourState.permanent, flags: 0, mac: '02:00:00:00:00:77' };
  const find = () =>
    netlink.dump(dumpNeighbours('inet'), decodeNeighbour, 'list').find(({ address }) => address.words[0] === neighbour.address.words[0]);
  netlink.change(setNeighbour(neighbour), 'set');
  assert.deepEqual(find(), neighbour);
  netlink.change(setNeighbour({ ...neighbour, mac: '02:00:00:00:00:78' }), 'set');
  assert.equal(find()?.mac, '02:00:00:00:00:78');
  netlink.change(deleteNeighbour(neighbour), 'remove');
  assert.equal((find()?.state ?? NeighbourState.failed) & NeighbourState.failed, NeighbourState.failed);
});

test('frames: received by other interfaces, not by their sender, by type and within the wait', on, () => {
  const type = 0x88b5; // for local experiments (IEEE 802)
  const sender = new PacketSocket(device, type, left.fd.number);
  const receiver = new PacketSocket(far, type, right.fd.number);
  const otherType = new PacketSocket(far, 0x88b6, right.fd.number);
  try {
    const frame = encodeEthernet({
      destination: BROADCAST_MAC,
      source: '02:00:00:00:00:01',
      tags: [],
      etherType: type,
      payload: new Uint8Array(46).fill(7),
    });
    let received: Uint8Array | undefined;
    // A bridge port that has just come up may still be learning: send until one arrives.
    for (let tries = 0; received === undefined && tries < 100; tries++) {
      sender.send(frame);
      received = receiver.receive(100);
    }
    assert.deepEqual(received && decodeEthernet(received), decodeEthernet(frame));
    assert.equal(sender.receiveNow(), undefined);
    assert.equal(otherType.receive(1), undefined);
  } finally {
    for (const socket of [sender, receiver, otherType]) {
      socket.close();
      socket.close();
    }
  }
  assert.throws(() => sender.send(new Uint8Array(60)), /closed/);
  assert.throws(
    () => new PacketSocket(99999, type, left.fd.number),
    (error: unknown) => hasCode(error, 'ENODEV'),
  );
});
