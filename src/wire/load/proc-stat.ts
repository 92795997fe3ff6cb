// The CPU's counters in /proc/stat, in ticks: proc_stat(5).
import type { ResourceCounter } from '../../model/feedback/load-report.js';

/** user, nice, system, idle, iowait, irq, softirq, steal; what follows (guests) is part of the first two. */
const FIELDS = 8;
const [IDLE, IOWAIT] = [3, 4];

/** Of all CPUs together; undefined: it is not such a text. */
export function decodeProcStat(text: string): ResourceCounter | undefined {
  const [, line] = /^cpu +([\d ]+)$/m.exec(text) ?? [];
  const ticks = (line?.trim().split(/ +/) ?? []).slice(0, FIELDS).map(Number);
  const [idle, iowait] = [ticks[IDLE], ticks[IOWAIT]];
  if (idle === undefined || iowait === undefined) return undefined;
  const total = ticks.reduce((sum, one) => sum + one, 0);
  return { name: 'cpu', busy: total - idle - iowait, total };
}
