// weir unload: removes the datapath, its table and all connections from this network namespace.

import { unloadDatapath } from '../../datapath/ebpf/load/unload.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { reported, reportWait } from '../failure.js';
import { readFlags, wantsHelp } from '../flags.js';
import type { Io } from '../io.js';

const USAGE = `usage: weir unload
       detaches the datapath from every interface of this network namespace and forgets its table and all connections;
       for the table: ipvsadm-save -n > FILE before, ipvsadm-restore < FILE after
`;

export function run(args: readonly string[], io: Io): Promise<number> {
  return reported('weir unload', io, async () => {
    if (wantsHelp(args)) {
      io.out(USAGE);
      return 0;
    }
    const { words } = readFlags(args, {});
    if (words[0] !== undefined) throw new WeirError('argument-unexpected', { given: words[0] });
    if (!unloadDatapath({ onWait: reportWait('weir unload', io) })) io.out('the datapath is not loaded in this network namespace\n');
    return 0;
  });
}
