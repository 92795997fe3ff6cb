// Every scheduler of IPVS: what it is called, its number in the tables, and which flags it has.

export interface SchedulerEntry {
  readonly name: string;
  /** How it chooses, for the manual. */
  readonly meaning: string;
  /** Its number in a service's record (bpf/director/schedulers/table.h). */
  readonly number: number;
  /** Only newer kernels have it. */
  readonly newerKernels?: true;
  /** For a scheduler that does not look at weights: the one that differs from it in that alone. */
  readonly byWeight?: string;
  /** What -b calls the flags with bits 1 and 2; absent: flag-1, flag-2, flag-3. */
  readonly flags?: readonly string[];
}

/** In the order of keepalived.conf(5). */
export const schedulers: readonly SchedulerEntry[] = [
  { name: 'rr', number: 1, byWeight: 'wrr', meaning: 'round robin' },
  { name: 'wrr', number: 2, meaning: 'round robin by weight' },
  { name: 'lc', number: 3, byWeight: 'wlc', meaning: 'fewest connections' },
  { name: 'wlc', number: 4, meaning: 'fewest connections by weight' },
  { name: 'lblc', number: 13, meaning: 'the destination that last served this destination address, else by wlc (for caches)' },
  { name: 'lblcr', number: 14, meaning: 'as lblc, with a set of destinations for each address' },
  { name: 'sh', number: 10, flags: ['sh-fallback', 'sh-port'], meaning: 'hash of the client’s address' },
  { name: 'mh', number: 11, flags: ['mh-fallback', 'mh-port'], meaning: 'Maglev hash of the client’s address' },
  { name: 'dh', number: 9, meaning: 'hash of the destination address (for caches)' },
  { name: 'fo', number: 7, meaning: 'failover: the highest weight' },
  { name: 'ovf', number: 8, meaning: 'overflow: the highest weight until it has so many active connections' },
  { name: 'sed', number: 5, meaning: 'shortest expected delay' },
  { name: 'nq', number: 6, meaning: 'an idle destination, else by sed' },
  { name: 'twos', number: 12, newerKernels: true, meaning: 'the better of two chosen at random by weight' },
];

export const DEFAULT_SCHEDULER = 'wlc';

const byName: ReadonlyMap<string, SchedulerEntry> = new Map(schedulers.map((entry) => [entry.name, entry]));

export const schedulerNamed = (name: string): SchedulerEntry | undefined => byName.get(name);

/** What -b calls flags that have no name of their own. */
export const plainFlags: readonly string[] = ['flag-1', 'flag-2', 'flag-3'];

/** The names of a scheduler's flags, bit 1 first. */
export const schedulerFlags = (name: string): readonly string[] => byName.get(name)?.flags ?? plainFlags;

/** The names of the flags that are set; a bit without a name of its own has its plain one. */
export function flagNames(scheduler: string, bits: number): readonly string[] {
  const own = schedulerFlags(scheduler);
  return plainFlags.flatMap((plain, bit) => ((bits & (1 << bit)) === 0 ? [] : [own[bit] ?? plain]));
}
