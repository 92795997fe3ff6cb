// The rings of services by dh, sh or mh in shared memory: room for them, and their content after a change.
import { WeirError } from '../../../model/errors/weir-error.js';
import { swap16, swap32 } from '../../../wire/bytes.js';
import { destinationRing, maglevRing, type Ring, type RingMember, sourceRing } from '../../schedule/rings.js';
import { Abi, Conf, Dest, RingBlock, Scheduler, Service } from '../abi.gen.js';
import { recordedWords } from './record-address.js';
import type { Tables } from './tables.js';

interface RingKind {
  readonly blocks: number;
  readonly build: (members: readonly RingMember[]) => Ring;
}

const KINDS: ReadonlyMap<number, RingKind> = new Map([
  [Scheduler.SCHED_DH, { blocks: 1, build: destinationRing }],
  [Scheduler.SCHED_SH, { blocks: 1, build: sourceRing }],
  [Scheduler.SCHED_MH, { blocks: Math.ceil(Abi.MAGLEV_SLOTS / Abi.RING_BLOCK), build: maglevRing }],
]);

const blocksOf = (scheduler: number): number => KINDS.get(scheduler)?.blocks ?? 0;

function memberOf({ dests }: Tables, id: number): RingMember {
  return {
    id,
    weight: dests.get(id, Dest.weight),
    lastWeight: dests.get(id, Dest.lastWeight),
    fold: swap32(recordedWords(dests, Dest, id).reduce((fold, word) => (fold ^ word) >>> 0, 0)),
    port: swap16(dests.get(id, Dest.port)),
  };
}

function usedBlocks({ services, rings, conf }: Tables): Uint8Array {
  const used = new Uint8Array(rings.count);
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    const ring = services.get(id, Service.ring);
    if (ring !== 0) used.fill(1, ring - 1, ring - 1 + blocksOf(services.get(id, Service.scheduler)));
  }
  return used;
}

/**
 * Where a service's ring for `scheduler` is to stand, as its record has it; what it has is kept if it is enough. 0: that has none.
 * @throws WeirError table-full
 */
export function roomForRing(tables: Tables, service: number, scheduler: number): number {
  const { services } = tables;
  const present = services.get(service, Service.ring);
  const needed = blocksOf(scheduler);
  if (needed === 0) return 0;
  if (present !== 0 && needed <= blocksOf(services.get(service, Service.scheduler))) return present;
  const used = usedBlocks(tables);
  let free = 0;
  for (let block = 0; block < used.length; block++) {
    free = used[block] === 0 ? free + 1 : 0;
    if (free === needed) return block - needed + 2;
  }
  throw new WeirError('table-full', { what: 'another service by dh, sh or mh' });
}

/** Fills a ring for `scheduler`; nothing where that has none. `ids`: the service's destinations, newest first. */
export function fillRing(tables: Tables, ring: number, scheduler: number, ids: readonly number[]): void {
  const kind = KINDS.get(scheduler);
  if (kind === undefined) return;
  tables.rings.setWords(ring - 1, RingBlock.id, kind.build(ids.map((id) => memberOf(tables, id))));
}

/** A service that does not need its ring any more gives it back. */
export function giveRingBack({ services }: Tables, service: number): void {
  services.set(service, Service.ring, 0);
}

export const hasRing = (scheduler: number): boolean => KINDS.has(scheduler);
