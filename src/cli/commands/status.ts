// weir status: what is loaded, attached and running in this network namespace, on one screen.

import { collectStatus } from '../../report/status/collect-status.js';
import type { DatapathStatus } from '../../report/status/status.js';
import { command, expectWords } from '../command.js';
import { statusText } from '../status/status-text.js';

const USAGE = `usage: weir status [--json]
       prints what is loaded, attached and running in this network namespace: the datapath's build, interfaces, the table,
       services and servers in service, drops in the last minute, VRRP, daemons; it changes nothing and waits for nothing
       exit status 0: loaded; 1: status could not look; 3: not loaded; 4: tables of another build, or loading was interrupted
       --json  the same as one object (docs/operate.md)
`;
const TYPES = { json: 'flag' } as const;

const EXIT_STATUSES: Readonly<Record<DatapathStatus['state'], number>> = { loaded: 0, absent: 3, 'other-tables': 4, unfinished: 4 };

export const run = command({ name: 'weir status', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  expectWords(words, 0);
  const status = collectStatus();
  io.out(flags.json === true ? `${JSON.stringify(status)}\n` : statusText(status, Date.now()));
  return EXIT_STATUSES[status.datapath.state];
});
