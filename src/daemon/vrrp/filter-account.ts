// What a socket filter dropped, and why: the accounts of bpf/filter-account.h, one for each instance that ever had one.
import { hostIsLittleEndian as little } from '../../wire/bytes.js';

/** In the order of the filters' `enum reason`. */
export const FILTER_REASONS = [
  'length',
  'ttl',
  'vrid',
  'version',
  'type',
  'auth',
  'checksum',
  'rate',
  'digest',
  'replay',
  'long',
  'claim',
] as const;
export type FilterReason = (typeof FILTER_REASONS)[number];

export const ACCOUNT_BYTES = 8 * (2 * FILTER_REASONS.length + 8);

/** Dropped since the last look; `instance` undefined: what belongs to nobody. */
export interface FilterCounts {
  readonly instance: string | undefined;
  readonly counts: Readonly<Partial<Record<FilterReason, number>>>;
}

export class FilterAccounts {
  /** A name keeps its slot: what was counted for one instance is never told of another. */
  readonly #slots = new Map<string | undefined, number>([[undefined, 0]]);
  readonly #told = new Map<string, bigint>();

  /** `counts`: the accounts' memory, of `room` + 1 of them. */
  constructor(
    private readonly counts: DataView,
    private readonly room: number,
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

  take(): readonly FilterCounts[] {
    return [...this.#slots].flatMap(([instance, slot]) => {
      const counts: Partial<Record<FilterReason, number>> = {};
      FILTER_REASONS.forEach((reason, index) => {
        const now = this.counts.getBigUint64(slot * ACCOUNT_BYTES + index * 8, little);
        const before = this.#told.get(`${slot} ${reason}`) ?? 0n;
        if (now > before) {
          counts[reason] = Number(now - before);
          this.#told.set(`${slot} ${reason}`, now);
        }
      });
      return Object.keys(counts).length === 0 ? [] : [{ instance, counts }];
    });
  }
}
