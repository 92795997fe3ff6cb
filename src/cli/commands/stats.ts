// weir stats: numbers that belong to no listing of ipvsadm. `drops`: packets dropped or passed on, by reason. `health`: servers, by their checks.

import { openReader } from '../../datapath/ebpf/open.js';
import type { DropCount, RecentDrops } from '../../model/drops.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { daemonStatuses } from '../../report/status/daemon-statuses.js';
import type { DaemonStatus } from '../../report/status/status.js';
import { command } from '../command.js';
import { reportWait } from '../failure.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { healthText } from '../status/health-text.js';

const USAGE = `usage: weir stats drops [--recent] [--all] [--json]
       packets that the datapath dropped, or passed on without balancing, since it was loaded, by reason
       --recent  of about the last minute
       --all     also reasons with count 0
       --json    with --recent: {"seconds": how long, "counts": {REASON: packets}}, otherwise the counts alone; all reasons
       weir stats health [--json]
       every server that a daemon here checks: up or down, since when, why, when it is asked again, and how often
       it went down since the host's start
       --json    the daemons, with the fields of weir status --json
       exit status: 0 printed, 3 no daemon here publishes health
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

function drops(flags: Flags<typeof TYPES>, io: Io): number {
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
}

const WITHOUT_HEALTH = 3;

function withoutHealth(daemons: readonly DaemonStatus[]): string {
  if (daemons.length === 0) return 'no daemon checks servers in this network namespace\n';
  const texts = daemons.map(({ program, pid }) =>
    program === 'weir'
      ? `weir ${pid} publishes no health: it has no virtual servers, or its checker process was ended and begins again\n`
      : `keepalived ${pid} publishes no health (kill -USR1 ${pid} makes it write keepalived_check.data)\n`,
  );
  return texts.join('');
}

function health(flags: Flags<typeof TYPES>, io: Io): number {
  const all = daemonStatuses();
  const daemons = all.filter((daemon) => daemon.health !== null);
  if (flags.json) io.out(`${JSON.stringify(daemons)}\n`);
  else if (daemons.length > 0) io.out(healthText(daemons, Date.now()));
  else io.out(withoutHealth(all));
  return daemons.length > 0 ? 0 : WITHOUT_HEALTH;
}

export const run = command({ name: 'weir stats', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  const [what] = words;
  if (words.length === 1 && what === 'drops') return drops(flags, io);
  if (words.length === 1 && what === 'health' && !flags.all && !flags.recent) return health(flags, io);
  throw new WeirError('usage', { usage: USAGE });
});
