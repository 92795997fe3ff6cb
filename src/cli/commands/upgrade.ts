// weir upgrade --check: what `weir load` of this build would do with the loaded datapath and each connection in it.
import { observeDatapath } from '../../datapath/ebpf/observe/observer.js';
import { type UpgradeStep, upgradeOf } from '../../datapath/ebpf/observe/upgrade.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { command, expectWords } from '../command.js';
import { upgradeText } from '../load/upgrade-text.js';

const USAGE = `usage: weir upgrade --check [--json]
       prints what weir load of this build would do with the datapath that is loaded here, and with the connections of each table;
       it changes nothing; weir load is the command that upgrades. Whether this kernel takes the new programs, weir load finds out itself:
       if not, the old ones go on
       exit status 0: nothing would be lost; 1: it could not look; 3: not loaded; 4: this build would refuse the tables, or not yet take them
       --json  the same as one object
`;
const TYPES = { check: 'flag', json: 'flag' } as const;

const [NOT_LOADED, REFUSED] = [3, 4];
const EXIT_STATUSES: Readonly<Record<UpgradeStep, number>> = {
  load: NOT_LOADED,
  none: 0,
  exchange: 0,
  finish: 0,
  'take-over': 0,
  busy: REFUSED,
  elsewhere: REFUSED,
  refused: REFUSED,
};

export const run = command({ name: 'weir upgrade', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  expectWords(words, 0);
  if (flags.check !== true) throw new WeirError('usage', { usage: USAGE });
  const upgrade = upgradeOf(observeDatapath());
  io.out(flags.json === true ? `${JSON.stringify(upgrade)}\n` : upgradeText(upgrade));
  return EXIT_STATUSES[upgrade.step];
});
