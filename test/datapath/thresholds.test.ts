// Upper and lower thresholds, as the kernel's IPVS keeps them: when a destination is full, and when it takes new connections again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DestinationSpec } from '../../src/model/service.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';

const skip = skipReason();
const key = serviceKey('tcp', VIP, 80);
const [one = '', two = ''] = SERVERS;
const limited = (server: string, upperThreshold: number, lowerThreshold = 0): DestinationSpec => ({
  ...destination(`${server}:80`, 'masq'),
  upperThreshold,
  lowerThreshold,
});

let bed: Bed;
before(() => {
  if (skip === false) bed = openBed();
});
after(() => {
  if (skip === false) bed.close();
});

/** A service of these destinations, the last of which stands first. */
function begin(scheduler: string, ...destinations: readonly DestinationSpec[]): void {
  bed.wipe();
  bed.director.addService(service('tcp', VIP, 80, [], scheduler).service);
  for (const spec of destinations) bed.director.addDestination(key, spec);
}

const send = (port: number, letters: string): boolean =>
  bed.send('ingress', 'front', fromClient(tcp({ from: `10.0.1.10:${port}`, to: `${VIP}:80` }, letters))).verdict === 'redirect' &&
  bed.director.service(key).destinations.reduce((sum, { active, inactive }) => sum + active + inactive, 0) > 0;

const counts = (): readonly number[] => bed.director.service(key).destinations.map(({ active, inactive }) => active + inactive);

/** Connections from these ports; how many each destination has then. */
function opened(ports: readonly number[]): readonly number[] {
  for (const port of ports) send(port, 'S');
  return counts();
}

/** The client resets a connection and opens it again from the same port: the old one leaves the table, the new one is scheduled. */
function reopen(port: number): void {
  send(port, 'A');
  send(port, 'RA');
  send(port, 'S');
}

const ports = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => 2000 + index);

test('a full destination gets no more, whatever its scheduler; the others do', { skip }, () => {
  for (const scheduler of ['rr', 'wrr', 'lc', 'wlc', 'lblcr', 'sed', 'nq', 'fo', 'ovf', 'twos']) {
    begin(scheduler, { ...limited(one, 0), weight: 100 }, { ...limited(two, 2), weight: 200 });
    const [limitedOnes = 0, others = 0] = opened(ports(9));
    assert.ok(limitedOnes <= 2 && limitedOnes + others === 9, `${scheduler}: ${limitedOnes} and ${others}`);
  }
});

test('lblc goes on with a full destination for the address that it has chosen it for, as the kernel does', { skip }, () => {
  begin('lblc', { ...limited(one, 0), weight: 100 }, { ...limited(two, 2), weight: 200 });
  assert.deepEqual(opened(ports(9)), [9, 0]);
});

test('what a hash leads to a full destination is refused', { skip }, () => {
  for (const scheduler of ['dh', 'sh', 'mh']) {
    begin(scheduler, limited(one, 2), limited(two, 2));
    assert.deepEqual([...opened(ports(9))].sort(), [0, 2], scheduler);
  }
});

test('when all are full, connections are refused', { skip }, () => {
  begin('rr', limited(one, 1), limited(two, 2));
  assert.deepEqual(opened(ports(9)), [2, 1]);
  assert.equal(bed.drops()['table_full'], undefined);
});

test('without a lower threshold it takes new ones below three quarters of the upper one', { skip }, () => {
  begin('rr', limited(one, 4));
  assert.deepEqual(opened(ports(5)), [4]);
  reopen(2000);
  assert.deepEqual(counts(), [3], 'three of four are not below three quarters: the new connection is refused');
  reopen(2001);
  assert.deepEqual(counts(), [2], 'as the new connection is placed, the old one still counts: it is refused, and two are left');
  assert.deepEqual(opened([3000, 3001]), [4]);
});

test('with a lower threshold it takes new ones below that', { skip }, () => {
  begin('rr', limited(one, 4, 2));
  assert.deepEqual(opened(ports(5)), [4]);
  for (const port of [2000, 2001]) reopen(port);
  assert.deepEqual(counts(), [2], 'two are not below two');
  assert.deepEqual(opened([3000]), [2]);
  reopen(2002);
  assert.deepEqual(opened([3000, 3001, 3002, 3003]), [4]);
});

test('another upper threshold, or none, takes effect immediately', { skip }, () => {
  begin('rr', limited(one, 2));
  assert.deepEqual(opened(ports(3)), [2]);
  bed.director.editDestination(key, limited(one, 3));
  assert.deepEqual(opened([3000, 3001]), [3]);
  bed.director.editDestination(key, limited(one, 2));
  bed.director.editDestination(key, limited(one, 0));
  assert.deepEqual(opened([3001, 3002]), [5]);
  bed.director.editDestination(key, limited(one, 2));
  assert.deepEqual(opened([3003, 3004]), [5]);
});

test('after an edit a full destination stays full, unless its connections are fewer than those below which it would be free', {
  skip,
}, () => {
  begin('rr', limited(one, 8));
  assert.deepEqual(opened(ports(9)), [8]);
  for (const [upper, lower, then] of [
    [9, 0, 8],
    [10, 0, 8],
    [10, 8, 8],
    [11, 0, 9],
    [10, 9, 10],
    [12, 10, 10],
    [12, 11, 11],
  ] as const) {
    bed.director.editDestination(key, limited(one, upper, lower));
    assert.deepEqual(opened([4000 + upper * 10 + lower]), [then], `${upper} ${lower}`);
  }
});

test('closed connections count while they are in the table', { skip }, () => {
  begin('rr', limited(one, 1));
  assert.deepEqual(opened([2000]), [1]);
  for (const letters of ['A', 'RA']) send(2000, letters);
  assert.deepEqual(opened([2001]), [1]);
});

test('a destination that is removed while it is full and added again begins by its new thresholds', { skip }, () => {
  begin('rr', limited(one, 2));
  assert.deepEqual(opened(ports(3)), [2]);
  bed.director.deleteDestination(key, limited(one, 0));
  bed.director.addDestination(key, limited(one, 5));
  assert.deepEqual(opened([3000, 3001, 3002, 3003]), [5]);
});
