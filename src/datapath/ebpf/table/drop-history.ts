// Packets dropped, or passed on unbalanced, by reason: since loading, and since one of the snapshots that the timer keeps.
import type { DropCount, RecentDrops } from '../../../model/drops.js';
import type { Records } from '../../../sys/bpf/records.js';
import { DropSnapshot, Drops } from '../abi.gen.js';
import { REASONS } from '../reasons.gen.js';

const NS_PER_S = 1e9;
/** The youngest snapshot is older only where other programs' timer runs now, which take none. */
const SNAPSHOT_AGE_MAX_S = 30;

/** The counts of each reason but "none", over all CPUs. */
export function dropCounts(drops: Records): readonly DropCount[] {
  return REASONS.map(({ key, text }, reason) => {
    let count = 0n;
    for (let cpu = 0; cpu < drops.count; cpu++) count += drops.big(cpu, Drops.count, reason);
    return { key, text, count };
  }).slice(1);
}

interface Snapshot {
  /** CLOCK_MONOTONIC, ns. */
  readonly at: bigint;
  /** By reason. */
  readonly counts: readonly bigint[];
}

/** undefined: none was taken, or the timer writes it. */
function snapshotAt(history: Records, record: number): Snapshot | undefined {
  const at = history.big(record, DropSnapshot.at);
  if (at === 0n) return undefined;
  const counts = REASONS.map((_, reason) => history.big(record, DropSnapshot.count, reason));
  return history.big(record, DropSnapshot.at) === at ? { at, counts } : undefined;
}

const nsOf = (seconds: number): bigint => BigInt(Math.round(seconds * NS_PER_S));

/** The youngest snapshot that is so old, else the oldest. */
function snapshotSince(history: Records, now: bigint, seconds: number): Snapshot | undefined {
  const all = Array.from({ length: history.count }, (_, record) => snapshotAt(history, record))
    .filter((snapshot) => snapshot !== undefined)
    .sort((a, b) => Number(b.at - a.at));
  const [youngest] = all;
  if (youngest === undefined || now - youngest.at > nsOf(SNAPSHOT_AGE_MAX_S)) return undefined;
  return all.find(({ at }) => at <= now - nsOf(seconds)) ?? all.at(-1);
}

/** What was counted in about the last `seconds`. `now`: CLOCK_MONOTONIC, ns. undefined: there are no snapshots. */
export function recentDrops(drops: Records, history: Records, now: bigint, seconds: number): RecentDrops | undefined {
  const before = snapshotSince(history, now, seconds);
  if (before === undefined) return undefined;
  const counts = dropCounts(drops).map(({ key, text, count }, k) => {
    // A CPU's count is no atomic one: what an interrupt counted meanwhile may be lost again.
    const more = count - (before.counts[k + 1] ?? 0n);
    return { key, text, count: more > 0n ? more : 0n };
  });
  return { seconds: Math.max(0, Number(now - before.at) / NS_PER_S), counts };
}
