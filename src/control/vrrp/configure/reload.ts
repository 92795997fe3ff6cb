// What a reload does to instances that stay and to those that go. Masters stay masters, timers run on; only differences are
// carried out: addresses that are gone are taken away, new ones are set and all announced, the peers hear of it at once.

import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import { sendNow } from '../election/master.js';
import { failInstance, recover } from '../election/sync-group.js';
import { masterDownUs } from '../election/timing.js';
import { setAdded, valueText } from '../resources/resource-change.js';
import { refreshTimes } from '../send/announce.js';
import { notifyInstance } from '../send/notify.js';
import type { InstanceState } from '../state.js';
import { change, instanceAt, type Work } from '../step-context.js';
import { weigh } from '../track/settle.js';
import { letGo } from './stop.js';

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
