// Scripts, FIFO lines and mail of an instance or a sync group.
import type { Notify } from '../../../../model/keepalived/instance.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values } from '../../keyword.js';
import { notifyScripts, notifySwitches } from '../../keywords/vrrp/notify.js';
import { readScript } from '../../values/script.js';
import { booleanOf, has, placeOf, scriptOf, textOf } from '../../values/values.js';
import { optional } from '../optional-property.js';
import type { Inherited } from './inherit.js';

/** `notify_deleted`, with or without a command. */
function deleted(block: Values, report: Report): Notify['deleted'] {
  const raw = textOf(block, 'notify_deleted');
  if (raw === undefined) return undefined;
  const { script, problem } = readScript('notify_deleted', raw);
  if (problem !== undefined) report('script-quote-unterminated', placeOf(block, 'notify_deleted'), problem);
  return optional('command', script);
}

/** What instances without settings of their own share: built once. */
const silent: WeakMap<Inherited, Notify> = new WeakMap();
const keywords = notifySwitches({ changes: '', mail: '' }).concat(notifyScripts(''));

/** The scripts and switches of an instance or a group, with all defaults. */
export function buildNotify(block: Values, inherited: Inherited, report: Report): Notify {
  if (keywords.some(({ name }) => has(block, name)) || has(block, 'notify_deleted') || has(block, 'notify_master_rx_lower_pri')) {
    return read(block, inherited, report);
  }
  const built = silent.get(inherited) ?? read(block, inherited, report);
  silent.set(inherited, built);
  return built;
}

function read(block: Values, inherited: Inherited, report: Report): Notify {
  return {
    ...optional('master', scriptOf(block, 'notify_master')),
    ...optional('backup', scriptOf(block, 'notify_backup')),
    ...optional('fault', scriptOf(block, 'notify_fault')),
    ...optional('stop', scriptOf(block, 'notify_stop')),
    ...optional('all', scriptOf(block, 'notify')),
    ...optional('masterRxLowerPriority', scriptOf(block, 'notify_master_rx_lower_pri')),
    ...optional('deleted', deleted(block, report)),
    priorityChanges: booleanOf(block, 'notify_priority_changes') ?? inherited.priorityChanges,
    smtpAlert: booleanOf(block, 'smtp_alert') ?? inherited.smtpAlert,
  };
}
