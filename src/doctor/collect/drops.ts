// What the datapath drops, or passes on without balancing: in the last minute, and while doctor looks.
import type { TableReader } from '../../datapath/director.js';
import type { DropCount } from '../../model/drops.js';
import type { DropFacts } from '../table-facts.js';

const counted = (counts: readonly DropCount[]): ReadonlyMap<string, number> =>
  new Map(counts.flatMap(({ key, count }) => (count > 0n ? [[key, Number(count)] as const] : [])));

/** Begins to watch; the result ends it. A table that is unloaded meanwhile, or whose programs take no snapshots, shows nothing. */
export function watchDrops(reader: TableReader): () => DropFacts | undefined {
  const before = new Map(reader.dropCounts().map(({ key, count }) => [key, count]));
  return () => {
    const recent = reader.recentDrops();
    if (recent === undefined) return undefined;
    const now = reader.dropCounts().map((one) => ({ ...one, count: one.count - (before.get(one.key) ?? 0n) }));
    const sysctls = reader.sysctls();
    return {
      seconds: recent.seconds,
      recent: counted(recent.counts),
      now: counted(now),
      texts: new Map(recent.counts.map(({ key, text }) => [key, text])),
      dropPacket: Number(sysctls.get('drop_packet')),
      amDroprate: Number(sysctls.get('am_droprate')),
      natIcmpSend: Number(sysctls.get('nat_icmp_send')),
    };
  };
}
