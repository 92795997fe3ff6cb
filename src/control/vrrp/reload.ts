// What a reload does to instances that stay and to those that go. Masters stay masters, timers run on; only differences are
// carried out: addresses that are gone are taken away, new ones are set and all announced, the peers hear of it at once.

import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { refreshTimes } from './garp.js';
import { setAdded, valueText } from './holdings-change.js';
import type { InstanceState } from './machine.js';
import { sendNow } from './master.js';
import { notifyInstance } from './notify.js';
import { weigh } from './settle.js';
import { letGo } from './stop.js';
import { failInstance, recover } from './sync.js';
import { masterDownUs } from './timing.js';
import { change, instanceAt, type Work } from './work.js';

/** An instance that the new configuration does not have. Still in the old configuration's words. */
export function removeInstance(work: Work, index: number): void {
  letGo(work, index);
  change(work, index, { state: 'init', timerAtUs: undefined });
  notifyInstance(work, index, 'DELETED');
}

/** An instance that stays; it has its new configuration already. */
export function keepInstance(work: Work, index: number, old: InstanceState, former: KeepalivedConfiguration | undefined): void {
  weigh(work, index);
  setAdded(work, index, { config: old.config, configuration: former }, old.addressesSet);
  const now = instanceAt(work, index);
  if (now.state === 'master' && valueText(old.config.garp) !== valueText(now.config.garp))
    change(work, index, refreshTimes(now.config.garp, work.atUs));
  if (now.faults.length > 0) {
    if (now.state !== 'fault') failInstance(work, index);
  } else if ((now.state === 'fault' || now.state === 'init') && !now.pending) {
    recover(work, index, ' (init)');
  } else if (now.state === 'backup' && masterDownUs(now) !== masterDownUs(old)) {
    change(work, index, { timerAtUs: Math.max(work.atUs, work.machine.deafUntilUs) + masterDownUs(now) });
  } else if (now.state === 'master' && wireText(old) !== wireText(now)) {
    sendNow(work, index);
  }
}

/** Everything that an advert says. */
function wireText({ config, priority }: InstanceState): string {
  const { advertUs, addresses, authentication, unicast, fast } = config;
  return valueText([priority, advertUs, addresses.map(({ address }) => address), authentication, unicast?.peers, fast]);
}
