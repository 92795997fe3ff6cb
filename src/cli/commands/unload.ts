// weir unload: removes the datapath, its table and all connections from this network namespace.

import { releaseFor } from '../../daemon/drain/handover.js';
import { unloadDatapath } from '../../datapath/ebpf/load/unload.js';
import { removeJournal } from '../../host/api-journal.js';
import { command, expectWords } from '../command.js';
import { reportWait } from '../failure.js';

const USAGE = `usage: weir unload
       detaches the datapath from every interface of this network namespace and forgets its table and all connections;
       for the table: ipvsadm-save -n > FILE before, ipvsadm-restore < FILE after
`;

export const run = command({ name: 'weir unload', usage: USAGE, types: {} }, ({ words }, io) => {
  expectWords(words, 0);
  if (!unloadDatapath({ onWait: reportWait('weir unload', io) })) io.out('the datapath is not loaded in this network namespace\n');
  removeJournal();
  // The drains are gone with the table: VRRP has no reason to leave its addresses to others.
  releaseFor(null);
  return 0;
});
