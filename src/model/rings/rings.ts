// The rings of dh, sh and mh: which destination stands in which slot, as the kernel fills them. The same for the datapath, whose rings are
// written from here, and for the schedulers in TypeScript.
import { gcd } from './gcd.js';
import { sipHash } from './sip-hash.js';

export const RING_BITS = 8;
export const RING_SLOTS = 2 ** RING_BITS;
/** A prime number: of the kernel's default CONFIG_IP_VS_MH_TAB_INDEX, 12. */
export const MAGLEV_SLOTS = 4093;
/** Weights count with so many bits: half of that index. */
const MAGLEV_WEIGHT_BITS = 6;
const [OFFSET_KEY, SKIP_KEY] = [2_654_435_761n, 2_654_446_892n];

/** A destination as a ring sees it, newest first. `fold`: of its address; `lastWeight`: its last weight that was not 0. */
export interface RingMember {
  readonly id: number;
  readonly weight: number;
  readonly lastWeight: number;
  readonly fold: number;
  readonly port: number;
}

/** An id a slot, 0 = none. */
export type Ring = Uint32Array;

/** Slot by slot along the list, over and over; each member takes as many slots in a row as `turns` gives it. */
function filled(members: readonly RingMember[], turns: (member: RingMember) => number): Ring {
  const ring = new Uint32Array(RING_SLOTS);
  let slot = 0;
  while (members.length > 0 && slot < RING_SLOTS) {
    for (const member of members) {
      const end = Math.min(slot + turns(member), RING_SLOTS);
      ring.fill(member.id, slot, end);
      slot = end;
    }
  }
  return ring;
}

/** dh: weights do not count. */
export const destinationRing = (members: readonly RingMember[]): Ring => filled(members, () => 1);

/** sh: by weight; weight 0 takes a slot, too. */
export const sourceRing = (members: readonly RingMember[]): Ring => filled(members, ({ weight }) => Math.max(1, weight));

/** What mh hashes of an address and a port. */
export const maglevHash = (value: number): number => sipHash(value, OFFSET_KEY);

/** mh: each member goes through all slots in an order of its own and takes the next that is free, `turns` of them before it is the next one's turn. */
export function maglevRing(members: readonly RingMember[]): Ring {
  const ring = new Uint32Array(MAGLEV_SLOTS);
  const weights = members.map(({ lastWeight }) => Math.max(0, lastWeight));
  const unit = weights.reduce(gcd, 0);
  if (unit === 0) return ring;
  const bits = 32 - Math.clz32(weights.reduce((most, weight) => Math.max(most, weight), 0) / unit);
  const shift = Math.max(0, bits - MAGLEV_WEIGHT_BITS);
  const walks = members.flatMap(({ id, fold, port }, index) => {
    const weight = weights[index] ?? 0;
    const value = (fold + port) >>> 0;
    const skip = (sipHash(value, SKIP_KEY) % (MAGLEV_SLOTS - 1)) + 1;
    const turns = weight === 0 ? 0 : Math.max(1, (weight / unit) >> shift);
    return turns === 0 ? [] : [{ id, turns, skip, at: maglevHash(value) % MAGLEV_SLOTS }];
  });
  const taken = new Uint8Array(MAGLEV_SLOTS);
  let left = MAGLEV_SLOTS;
  while (left > 0) {
    for (const walk of walks) {
      for (let turn = 0; turn < walk.turns && left > 0; turn++, left--) {
        while (taken[walk.at] === 1) walk.at = (walk.at + walk.skip) % MAGLEV_SLOTS;
        taken[walk.at] = 1;
        ring[walk.at] = walk.id;
      }
    }
  }
  return ring;
}

/** The kernel's hash_32(). */
export const hash32 = (value: number, bits: number): number => (Math.imul(value, 0x61c88647) >>> 0) >>> (32 - bits);
