// One service's list of destinations in shared memory, newest first, and what its scheduler keeps about it.
import { Abi, Dest, Scheduler, Service } from './abi.gen.js';
import type { Tables } from './tables.js';

const WEIGHT_SHIFT = BigInt(Abi.WRR_WEIGHT_SHIFT);

/** The ids of a service's destinations, newest first. A list damaged by a killed writer ends where it stops making sense. */
export function destinationIds(tables: Tables, service: number): number[] {
  const { services, dests } = tables;
  const ids: number[] = [];
  for (let id = services.get(service, Service.head); id !== 0 && id < dests.count; id = dests.get(id, Dest.next)) {
    if (ids.length > dests.count || dests.get(id, Dest.service) !== service) break;
    ids.push(id);
  }
  return ids;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** What wrr knows of the weights: gcd of the positive ones (1 if none), and the largest less (gcd - 1), 0 if all are 0. */
export function wrrNumbers(weights: readonly number[]): { readonly gcd: number; readonly max: number } {
  const positive = weights.filter((weight) => weight > 0);
  const di = positive.reduce(gcd, 0) || 1;
  return { gcd: di, max: positive.length === 0 ? 0 : Math.max(...positive) - (di - 1) };
}

/** Where wrr stands after the list or its weights changed: at the head, the current weight kept within the new bounds. */
export function wrrWeightAfter(current: number, di: number, max: number): number {
  if (current > max || current === 0) return max;
  return di > 1 ? Math.floor(current / di) * di + 1 : current;
}

/** Writes wrr's numbers and puts it at the head. `fresh`: it has just been chosen. */
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

/** Tells the scheduler that destinations went or changed weight. `fresh`: it has just been chosen. */
export function rescheduled(tables: Tables, service: number, fresh: boolean): void {
  const { services, dests } = tables;
  const ids = destinationIds(tables, service);
  services.set(service, Service.dests, ids.length);
  if (services.get(service, Service.scheduler) !== Scheduler.SCHED_WRR) return;
  placeWrr(tables, service, wrrNumbers(ids.map((id) => dests.get(id, Dest.weight))), fresh);
}

/** The same for one that came, without a look at the others. */
export function joined(tables: Tables, service: number, weight: number): void {
  const { services } = tables;
  services.set(service, Service.dests, services.get(service, Service.dests) + 1);
  if (services.get(service, Service.scheduler) !== Scheduler.SCHED_WRR) return;
  const [di, max] = [services.get(service, Service.wrrGcd), services.get(service, Service.wrrMax)];
  const others = max === 0 ? [] : [di, max + di - 1];
  placeWrr(tables, service, wrrNumbers([...others, weight]), false);
}

/** Starts a scheduler anew, at the head of the list. Packets go on meanwhile: they must find all that it needs. */
export function startScheduler(tables: Tables, service: number, scheduler: number): void {
  const { services, dests } = tables;
  services.set(service, Service.cursor, 0);
  const ids = destinationIds(tables, service);
  if (scheduler === Scheduler.SCHED_WRR) placeWrr(tables, service, wrrNumbers(ids.map((id) => dests.get(id, Dest.weight))), true);
  services.set(service, Service.dests, ids.length);
  services.set(service, Service.scheduler, scheduler);
}

/** Tells packets that replies of this service come back here: one of its destinations is masqueraded, or was. */
export function noteMasquerading({ services, dests }: Tables, destination: number): void {
  const service = dests.get(destination, Dest.service);
  services.set(service, Service.flags, services.get(service, Service.flags) | Abi.SVC_MASQUERADES);
}
