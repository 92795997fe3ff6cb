// Rings and hashes against values of a real kernel (slots, shares) and of the algorithms' definitions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Abi } from '../../datapath/ebpf/abi.gen.js';
import { destinationRing, hash32, MAGLEV_SLOTS, maglevHash, maglevRing, RING_SLOTS, type RingMember, sourceRing } from './rings.js';

const fold = (address: string): number => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
/** 2001:db8::/32 with a last word: the kernel folds IPv6 to the four words XORed. */
const fold6 = (last: number): number => (0x20010db8 ^ last) >>> 0;
const member = (id: number, weight: number, lastWeight = weight): RingMember => ({
  id,
  weight,
  lastWeight,
  fold: fold(`10.0.0.${id}`),
  port: 80,
});
const shares = (ring: Uint32Array): Readonly<Record<number, number>> => {
  const counts: Record<number, number> = {};
  for (const id of ring) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
};

test('the slots of dh and sh are the kernel’s', () => {
  assert.equal(hash32(fold('192.168.1.10'), 8), 248);
  assert.equal(hash32(fold('203.0.113.7'), 8), 124);
  assert.equal(hash32(fold6(0x1234), 8), 40);
  assert.equal(hash32(fold('192.168.1.10') + 54321, 8), 191, 'sh-port');
});

test('the hashes and slots of mh are the kernel’s', () => {
  assert.equal(maglevHash(0), 0x1d5a77c2);
  assert.equal(maglevHash(1), 0x16ec66b2);
  assert.equal(maglevHash(fold('192.168.1.10')) % MAGLEV_SLOTS, 3323);
  assert.equal(maglevHash(fold('192.168.1.10') + 54321) % MAGLEV_SLOTS, 2512, 'mh-port');
  assert.equal(maglevHash(fold('203.0.113.7')) % MAGLEV_SLOTS, 1705);
  assert.equal(maglevHash(fold6(0x1234)) % MAGLEV_SLOTS, 2932);
});

test('dh: one slot each in turn, weights do not count', () => {
  assert.deepEqual([...destinationRing([member(3, 1), member(2, 0), member(1, 9)]).slice(0, 7)], [3, 2, 1, 3, 2, 1, 3]);
  assert.deepEqual(shares(destinationRing([])), { 0: RING_SLOTS });
});

test('sh: as many slots in a row as the weight; weight 0 takes one', () => {
  assert.deepEqual([...sourceRing([member(3, 1), member(2, 0), member(1, 2)]).slice(0, 8)], [3, 2, 1, 1, 3, 2, 1, 1]);
  assert.deepEqual(shares(sourceRing([member(2, 1000), member(1, 1)])), { 2: RING_SLOTS });
});

test('mh: the owners of the first slots, and the shares by weight', () => {
  const equal = maglevRing([member(3, 1), member(2, 1), member(1, 1)]);
  assert.deepEqual([...equal.slice(0, 16)], [1, 2, 2, 3, 3, 1, 2, 3, 3, 1, 1, 2, 2, 1, 1, 3]);
  assert.deepEqual(shares(equal), { 1: 1364, 2: 1364, 3: 1365 });
  assert.equal(equal[3323], 1);
  assert.equal(equal[1705], 3);
  assert.deepEqual(shares(maglevRing([member(3, 1), member(2, 2), member(1, 3)])), { 1: 2046, 2: 1364, 3: 683 });
});

test('mh: a quiesced destination keeps its slots; one that was added with weight 0 has none', () => {
  assert.deepEqual(maglevRing([member(3, 0, 1), member(2, 1), member(1, 1)]), maglevRing([member(3, 1), member(2, 1), member(1, 1)]));
  assert.deepEqual(shares(maglevRing([member(2, 0), member(1, 5)])), { 1: MAGLEV_SLOTS });
  assert.deepEqual(shares(maglevRing([member(2, 0)])), { 0: MAGLEV_SLOTS });
});

test('mh: one destination less moves few of the others’ slots', () => {
  const members = Array.from({ length: 20 }, (_, index) => member(index + 1, 1));
  const [before, after] = [maglevRing(members), maglevRing(members.slice(1))];
  const moved = before.filter((id, slot) => id !== members[0]?.id && id !== after[slot]).length;
  assert.ok(moved < MAGLEV_SLOTS * 0.1, `${moved} slots`);
});

test('the datapath has the same sizes', () => {
  assert.deepEqual([2 ** Abi.RING_BITS, Abi.RING_BLOCK, Abi.MAGLEV_SLOTS], [RING_SLOTS, RING_SLOTS, MAGLEV_SLOTS]);
});
