// weir unload: takes the datapath, its table and all connections out of this network namespace.
import { unloadDatapath } from '../datapath/ebpf/unload.js';
import { reported } from './failure.js';
import { readFlags, UsageError } from './flags.js';
import type { Io } from './io.js';

export function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir unload', io, async () => {
    const { words } = readFlags(args, {});
    if (words.length > 0) throw new UsageError(`unexpected word: ${words[0]}`);
    if (!unloadDatapath()) io.out('the datapath is not loaded in this network namespace\n');
    return 0;
  });
}
