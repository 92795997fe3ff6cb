// What a socket filter dropped, and why: the accounts of bpf/filters/account.h, one for each instance that ever had one.
import type { Records } from '../../sys/bpf/records.js';
import { Account, type VRRP_REASON_NAMES } from './abi.gen.js';

export type FilterReason = (typeof VRRP_REASON_NAMES)[number];

/** Dropped since the last `take`; `instance` undefined: packets of no instance. */
export interface FilterCounts<R extends string = FilterReason> {
  readonly instance: string | undefined;
  readonly counts: Readonly<Partial<Record<R, number>>>;
}

/** Passes on what was dropped for instances, without the packets of no instance. */
export function ofInstances<R extends string>(
  handle: (instance: string, counts: FilterCounts<R>['counts']) => void,
): (dropped: FilterCounts<R>) => void {
  return ({ instance, counts }) => {
    if (instance !== undefined) handle(instance, counts);
  };
}

export class FilterAccounts<R extends string> {
  /** A name keeps its slot, so that counts of one instance are never reported for another. */
  readonly #slots = new Map<string | undefined, number>([[undefined, 0]]);
  readonly #reported = new Map<string, bigint>();

  /** `counts`: the accounts' memory, of `room` + 1 of them. */
  constructor(
    readonly counts: Records,
    readonly room: number,
    readonly reasons: readonly R[],
  ) {}

  /** Whether each of these can have a slot. */
  hasRoomFor(names: readonly string[]): boolean {
    return this.#slots.size - 1 + names.filter((name) => !this.#slots.has(name)).length <= this.room;
  }

  slotOf(name: string): number {
    const slot = this.#slots.get(name) ?? this.#slots.size;
    this.#slots.set(name, slot);
    return slot;
  }

  take(): readonly FilterCounts<R>[] {
    return [...this.#slots].flatMap(([instance, slot]) => {
      const counts: Partial<Record<R, number>> = {};
      this.reasons.forEach((reason, index) => {
        const now = this.counts.big(slot, Account.dropped, index);
        const before = this.#reported.get(`${slot} ${reason}`) ?? 0n;
        if (now > before) {
          counts[reason] = Number(now - before);
          this.#reported.set(`${slot} ${reason}`, now);
        }
      });
      return Object.keys(counts).length === 0 ? [] : [{ instance, counts }];
    });
  }
}
