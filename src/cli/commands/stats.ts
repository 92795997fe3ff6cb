// weir stats: counters of the datapath that belong to no service. `weir stats drops`: packets dropped or passed on, by reason.

import { openReader } from '../../datapath/ebpf/open.js';
import type { DropCount, RecentDrops } from '../../model/drops.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command } from '../command.js';
import { reportWait } from '../failure.js';
import type { Flags } from '../flags.js';

const USAGE = `usage: weir stats drops [--recent] [--all] [--json]
       packets that the datapath dropped, or passed on without balancing, since it was loaded, by reason
       --recent  of about the last minute
       --all     also reasons with count 0
       --json    with --recent: {"seconds": how long, "counts": {REASON: packets}}, otherwise the counts alone; all reasons
`;
const TYPES = { json: 'flag', all: 'flag', recent: 'flag' } as const;

const asObject = (counts: readonly DropCount[]): Readonly<Record<string, number>> =>
  Object.fromEntries(counts.map(({ key, count }) => [key, Number(count)]));

function listing(counts: readonly DropCount[], all: boolean): string {
  const shown = counts.filter(({ count }) => all || count > 0n);
  if (shown.length === 0) return 'none\n';
  return shown.map(({ key, text, count }) => `${String(count).padStart(12)}  ${key.padEnd(18)} ${text}\n`).join('');
}

function recentText(recent: RecentDrops, flags: Flags<typeof TYPES>): string {
  if (flags.json) return `${JSON.stringify({ seconds: recent.seconds, counts: asObject(recent.counts) })}\n`;
  return `in the last ${Math.round(recent.seconds)} s\n${listing(recent.counts, flags.all === true)}`;
}

export const run = command({ name: 'weir stats', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  if (words.length !== 1 || words[0] !== 'drops') throw new WeirError('usage', { usage: USAGE });
  const reader = openReader({ load: false, onWait: reportWait('weir stats', io) });
  if (flags.recent) {
    const recent = reader.recentDrops();
    if (recent === undefined) throw new WeirError('drops-without-history');
    io.out(recentText(recent, flags));
  } else {
    const counts = reader.dropCounts();
    io.out(flags.json ? `${JSON.stringify(asObject(counts))}\n` : listing(counts, flags.all === true));
  }
  reader.close();
  return 0;
});
