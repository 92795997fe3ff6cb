// One service's list of destinations in shared memory, newest first, and its scheduler's state.
import { wrrNumbers, wrrWeightAfter } from '../../schedule/wrr.js';
import { Abi, Conf, Dest, Scheduler, Service } from '../abi.gen.js';
import { FullnatAbi } from '../fullnat.gen.js';
import { fillRing, giveRingBack, hasRing, roomForRing } from './rings.js';
import { changeServiceFlags, writeServiceWord } from './service-word.js';
import type { Tables } from './tables.js';

const WEIGHT_SHIFT = BigInt(Abi.WRR_WEIGHT_SHIFT);

/** The ids of a service's destinations, newest first. A list that a killed writer damaged ends before the first record that is not the service's. */
export function destinationIds(tables: Tables, service: number): number[] {
  const { services, dests } = tables;
  const ids: number[] = [];
  for (let id = services.get(service, Service.head); id !== 0 && id < dests.count; id = dests.get(id, Dest.next)) {
    if (ids.length > dests.count || dests.get(id, Dest.service) !== service) break;
    ids.push(id);
  }
  return ids;
}

/** Writes wrr's numbers and its place, the head. `fresh`: the service has just got this scheduler. */
function placeWrr(tables: Tables, service: number, numbers: { readonly gcd: number; readonly max: number }, fresh: boolean): void {
  const { services } = tables;
  services.set(service, Service.wrrGcd, numbers.gcd);
  services.set(service, Service.wrrMax, numbers.max);
  for (;;) {
    const was = services.big(service, Service.wrr);
    const weight = fresh ? numbers.max : wrrWeightAfter(Number(was >> WEIGHT_SHIFT), numbers.gcd, numbers.max);
    if (services.swapBig(service, Service.wrr, was, BigInt(weight) << WEIGHT_SHIFT)) return;
  }
}

/** Updates the scheduler after destinations went or changed weight. */
export function rescheduled(tables: Tables, service: number): void {
  const { services, dests } = tables;
  const ids = destinationIds(tables, service);
  services.set(service, Service.dests, ids.length);
  const scheduler = services.get(service, Service.scheduler);
  fillRing(tables, services.get(service, Service.ring), scheduler, ids);
  if (scheduler !== Scheduler.SCHED_WRR) return;
  placeWrr(tables, service, wrrNumbers(ids.map((id) => dests.get(id, Dest.weight))), false);
}

/** The schedulers that go by numbers or rings made of all weights. dh has a ring, but none of weights. */
const BY_ALL_WEIGHTS: ReadonlySet<number> = new Set([Scheduler.SCHED_WRR, Scheduler.SCHED_SH, Scheduler.SCHED_MH]);

/** Updates the scheduler after one changed weight. */
export function reweighted(tables: Tables, service: number): void {
  if (BY_ALL_WEIGHTS.has(tables.services.get(service, Service.scheduler))) rescheduled(tables, service);
}

/** Updates the scheduler for a new destination, without reading the others where that can be. */
export function joined(tables: Tables, service: number, weight: number): void {
  const { services } = tables;
  if (hasRing(services.get(service, Service.scheduler))) {
    rescheduled(tables, service);
    return;
  }
  services.set(service, Service.dests, services.get(service, Service.dests) + 1);
  if (services.get(service, Service.scheduler) !== Scheduler.SCHED_WRR) return;
  const [di, max] = [services.get(service, Service.wrrGcd), services.get(service, Service.wrrMax)];
  const others = max === 0 ? [] : [di, max + di - 1];
  placeWrr(tables, service, wrrNumbers([...others, weight]), false);
}

/** Flags by what destinations a service has, or had. */
const OF_DESTINATIONS = Abi.SVC_MASQUERADES | FullnatAbi.SVC_LEASES;

/** Stores which scheduler a service has and its flags; its state, and those of its destinations, stay. */
export function storeScheduler({ services }: Tables, service: number, scheduler: number, flags: number): void {
  const kept = services.get(service, Service.flags) & OF_DESTINATIONS;
  writeServiceWord(services, service, { state: services.get(service, Service.state), scheduler, flags: flags | kept });
}

/**
 * Starts a scheduler at the head of the list. Packets use it immediately, so its state is complete before its number is stored, with
 * the service's flags, in one store.
 * @throws WeirError table-full where there is no room for its ring: nothing is changed then
 */
export function startScheduler(tables: Tables, service: number, scheduler: number, flags: number): void {
  const { services, dests } = tables;
  const ring = roomForRing(tables, service, scheduler);
  services.set(service, Service.cursor, 0);
  services.set(service, Service.started, tables.conf.get(0, Conf.generation));
  const ids = destinationIds(tables, service);
  if (scheduler === Scheduler.SCHED_WRR) placeWrr(tables, service, wrrNumbers(ids.map((id) => dests.get(id, Dest.weight))), true);
  fillRing(tables, ring, scheduler, ids);
  if (ring !== 0) services.set(service, Service.ring, ring);
  services.set(service, Service.dests, ids.length);
  storeScheduler(tables, service, scheduler, flags);
  if (ring === 0) giveRingBack(tables, service);
}

/** Marks the service: one of its destinations gives clients local addresses, or did. */
export const noteLeases = ({ services }: Tables, service: number): void =>
  changeServiceFlags(services, service, (flags) => flags | FullnatAbi.SVC_LEASES);

/** Marks the service: one of its destinations is or was masqueraded, so its replies come back to this host. */
export function noteMasquerading({ services, dests }: Tables, destination: number): void {
  const service = dests.get(destination, Dest.service);
  changeServiceFlags(services, service, (flags) => flags | Abi.SVC_MASQUERADES);
}
