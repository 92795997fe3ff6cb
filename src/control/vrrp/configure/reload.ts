// What a reload does to instances that stay and to those that are removed. Masters stay masters and timers continue. Only differences
// are applied: old addresses are removed, new ones are added and all are announced, and an advert is sent out of turn.

import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import { valueText } from '../../value-text.js';
import { change, instanceAt, type VrrpContext } from '../context.js';
import { sendNow } from '../election/master-adverts.js';
import { failInstance, recover } from '../election/sync-group.js';
import { masterDownUs } from '../election/timing.js';
import { addNew } from '../resources/resource-change.js';
import { refreshTimes } from '../send/announce.js';
import { notifyInstance } from '../send/notify.js';
import type { InstanceState } from '../state/instance-state.js';
import { logSource, updatePriority } from '../track/settle.js';
import { endInstance } from './stop.js';

/** An instance that the new configuration does not have. It still has its old configuration. */
export function removeInstance(context: VrrpContext, index: number): void {
  endInstance(context, index);
  change(context, index, { state: 'init', timerAtUs: undefined });
  notifyInstance(context, index, 'DELETED');
}

/** An instance that stays; it has its new configuration already. */
export function keepInstance(context: VrrpContext, index: number, old: InstanceState, former: KeepalivedConfiguration | undefined): void {
  updatePriority(context, index);
  logSource(context, index, old.faults);
  addNew(context, index, { config: old.config, configuration: former }, old.addressesSet);
  const now = instanceAt(context, index);
  if (now.state === 'master' && valueText(old.config.garp) !== valueText(now.config.garp))
    change(context, index, refreshTimes(now.config.garp, context.atUs));
  if (now.faults.length > 0) {
    if (now.state !== 'fault') failInstance(context, index);
  } else if ((now.state === 'fault' || now.state === 'init') && !now.pending) {
    recover(context, index, ' (init)');
  } else if (now.state === 'backup' && masterDownUs(now) !== masterDownUs(old)) {
    change(context, index, { timerAtUs: Math.max(context.atUs, context.machine.ignoreUntilUs) + masterDownUs(now) });
  } else if (now.state === 'master' && wireText(old) !== wireText(now)) {
    sendNow(context, index);
  }
}

/** Everything that an advert depends on. */
function wireText({ config, priority }: InstanceState): string {
  const { advertUs, addresses, authentication, unicast, fast } = config;
  return valueText([priority, advertUs, addresses.map(({ address }) => address), authentication, unicast?.peers, fast]);
}
