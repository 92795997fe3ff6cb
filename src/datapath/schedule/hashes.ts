// The schedulers that hash: dh by the destination address, sh and mh by the client's. Each looks into a ring (rings.ts).
import {
  destinationRing,
  hash32,
  MAGLEV_SLOTS,
  maglevHash,
  maglevRing,
  RING_BITS,
  RING_SLOTS,
  type Ring,
  sourceRing,
} from '../../model/rings/rings.js';
import { type Arrival, type Candidate, type Candidates, eligible, FALLBACK, type Scheduler, WITH_PORT } from './scheduler.js';

const inSlot = (ring: Ring, slot: number, list: Candidates): Candidate | undefined => list.find(({ id }) => id === ring[slot]);

/** The slots that a client may get, in order. `slotOf`: by an offset, which is 0 for the first. */
function* slotsOf(size: number, slotOf: (offset: number) => number): Generator<number> {
  const first = slotOf(0);
  yield first;
  for (let offset = 0; offset < size; offset++) yield slotOf((offset + first) % size);
}

/** The first slot's destination if it is eligible; with the fallback the first of all that is, up to an empty slot. */
function choose(ring: Ring, list: Candidates, slots: Iterable<number>, fallback: boolean): number | null {
  for (const slot of slots) {
    const found = inSlot(ring, slot, list);
    if (found === undefined) return null;
    if (eligible(found)) return found.id;
    if (!fallback) return null;
  }
  return null;
}

/** As the kernel's dh: weights and their changes leave the ring alone. */
export const destinationHash: Scheduler<Ring> = {
  name: 'dh',
  init: destinationRing,
  added: (_ring, list) => destinationRing(list),
  deleted: (_ring, list) => destinationRing(list),
  edited: (ring) => ring,
  pick: (ring, list, { serviceFold }) => ({ id: choose(ring, list, [hash32(serviceFold, RING_BITS)], false), next: ring }),
};

const hashed = ({ clientFold, clientPort }: Arrival, flags: number): number =>
  (clientFold + ((flags & WITH_PORT) === 0 ? 0 : clientPort)) >>> 0;

function byClient(
  name: string,
  size: number,
  build: (list: Candidates) => Ring,
  slotOf: (value: number, offset: number) => number,
): Scheduler<Ring> {
  const rebuilt = (_ring: Ring, list: Candidates): Ring => build(list);
  return {
    name,
    init: build,
    added: rebuilt,
    deleted: rebuilt,
    edited: rebuilt,
    pick(ring, list, arrival, flags) {
      const value = hashed(arrival, flags);
      const slots = slotsOf(size, (offset) => slotOf(value, offset));
      return { id: choose(ring, list, slots, (flags & FALLBACK) !== 0), next: ring };
    },
  };
}

/** As the kernel's sh. */
export const sourceHash = byClient('sh', RING_SLOTS, sourceRing, (value, offset) => (offset + hash32(value, RING_BITS)) % RING_SLOTS);

/** As the kernel's mh: weights count by their last value that was not 0, so that a quiesced destination keeps its slots. */
export const maglevHashing = byClient('mh', MAGLEV_SLOTS, maglevRing, (value, offset) => maglevHash((value + offset) >>> 0) % MAGLEV_SLOTS);
