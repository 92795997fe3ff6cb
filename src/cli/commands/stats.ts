// weir stats: counters of the datapath that belong to no service. `weir stats drops`: packets dropped or passed on, by reason.

import { openReader } from '../../datapath/ebpf/open.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { reported, reportWait } from '../failure.js';
import { readFlags, wantsHelp } from '../flags.js';
import type { Io } from '../io.js';

const USAGE = 'usage: weir stats drops [--all] [--json]   (--all: also reasons with count 0)';
const TYPES = { json: 'flag', all: 'flag' } as const;

export function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir stats', io, async () => {
    if (wantsHelp(args)) {
      io.out(`${USAGE}\n`);
      return 0;
    }
    const { flags, words } = readFlags(args, TYPES);
    if (words.length !== 1 || words[0] !== 'drops') throw new WeirError('usage', { usage: USAGE });
    const director = openReader({ load: false, onWait: reportWait('weir stats', io) });
    const counts = director.dropCounts().filter(({ count }) => flags.all || flags.json || count > 0n);
    director.close();
    if (flags.json) io.out(`${JSON.stringify(Object.fromEntries(counts.map(({ key, count }) => [key, Number(count)])))}\n`);
    else for (const { key, text, count } of counts) io.out(`${String(count).padStart(12)}  ${key.padEnd(18)} ${text}\n`);
    return 0;
  });
}
