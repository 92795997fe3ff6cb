// The rings of services by dh, sh or mh in shared memory: room for them, and their content after a change.
import { WeirError } from '../../../model/errors/weir-error.js';
import { destinationRing, maglevRing, type Ring, type RingMember, sourceRing } from '../../../model/rings/rings.js';
import { swap16, swap32 } from '../../../wire/bytes.js';
import { Abi, Conf, Dest, RingBlock, Scheduler, Service } from '../abi.gen.js';
import { DrainAbi } from '../drain.gen.js';
import { recordedWords } from './record-address.js';
import type { Tables } from './tables.js';

interface RingKind {
  readonly blocks: number;
  readonly build: (members: readonly RingMember[]) => Ring;
}

/** So many blocks are a group. No ring stands in two: as many services as there are groups find room, whatever came and went before. */
export const GROUP_BLOCKS = Math.ceil(Abi.MAGLEV_SLOTS / Abi.RING_BLOCK);

const KINDS: ReadonlyMap<number, RingKind> = new Map([
  [Scheduler.SCHED_DH, { blocks: 1, build: destinationRing }],
  [Scheduler.SCHED_SH, { blocks: 1, build: sourceRing }],
  [Scheduler.SCHED_MH, { blocks: GROUP_BLOCKS, build: maglevRing }],
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

/** What services other than `service` have: 1 where a block is theirs. */
function blocksOfOthers({ services, rings, conf }: Tables, service: number): Uint8Array {
  const used = new Uint8Array(rings.count);
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    const ring = services.get(id, Service.ring);
    if (ring !== 0 && id !== service) used.fill(1, ring - 1, ring - 1 + blocksOf(services.get(id, Service.scheduler)));
  }
  return used;
}

/** Where so many blocks are free: one in a group that is begun, if there is any, so that the others stay whole for mh. */
function freePlace(used: Uint8Array, blocks: number): number | undefined {
  let whole: number | undefined;
  for (let group = 0; group + GROUP_BLOCKS <= used.length; group += GROUP_BLOCKS) {
    const inGroup = used.subarray(group, group + GROUP_BLOCKS);
    if (!inGroup.includes(1)) whole ??= group;
    else if (blocks === 1 && inGroup.includes(0)) return group + inGroup.indexOf(0);
  }
  return whole;
}

/**
 * Where a service's ring for `scheduler` is to stand, as its record has it; what it has is kept if it is enough. A larger one may take the same
 * blocks: whatever a packet finds there meanwhile is the service's own. 0: that scheduler has none. `service` 0: one that is not made yet.
 * @throws WeirError table-full
 */
export function roomForRing(tables: Tables, service: number, scheduler: number): number {
  const { services } = tables;
  const present = service === 0 ? 0 : services.get(service, Service.ring);
  const needed = blocksOf(scheduler);
  if (needed === 0) return 0;
  if (present !== 0 && needed <= blocksOf(services.get(service, Service.scheduler))) return present;
  const place = freePlace(blocksOfOthers(tables, service), needed);
  if (place === undefined) throw new WeirError('table-full', { what: 'another service by dh, sh or mh' });
  return place + 1;
}

/**
 * Fills a ring for `scheduler`; nothing where that has none. `ids`: the service's destinations, newest first. Those that drains hold have no place, so
 * that their clients go elsewhere and are not refused.
 */
export function fillRing(tables: Tables, ring: number, scheduler: number, ids: readonly number[]): void {
  const kind = KINDS.get(scheduler);
  if (kind === undefined) return;
  const free = ids.filter((id) => (tables.dests.get(id, Dest.flags) & DrainAbi.D_DRAINED) === 0);
  const members = (free.length > 0 ? free : ids).map((id) => memberOf(tables, id));
  tables.rings.setWords(ring - 1, RingBlock.id, kind.build(members));
}

/** A service that does not need its ring any more gives it back. */
export function giveRingBack({ services }: Tables, service: number): void {
  services.set(service, Service.ring, 0);
}

/** Does the scheduler with this number go by a ring? */
export const hasRing = (scheduler: number): boolean => KINDS.has(scheduler);
