// The defaults that instances inherit, stored because keepalived.data shows them.
import type { VrrpDefaults } from '../../../../model/keepalived/global.js';
import type { Values } from '../../keyword.js';
import { booleanOf, NOTHING } from '../../values/values.js';
import { optional } from '../optional-property.js';
import { buildGarp } from './garp.js';
import type { Inherited } from './inherit.js';

export function vrrpDefaults(global: Values, inherited: Inherited): VrrpDefaults {
  return {
    version: inherited.version,
    multicastGroup4: inherited.multicastGroup.inet,
    multicastGroup6: inherited.multicastGroup.inet6,
    garp: buildGarp(NOTHING, inherited.garp, false, () => {}),
    downTimerAdverts: inherited.downTimerAdverts,
    lowerPriorityNoAdvert: inherited.lowerPriorityNoAdvert,
    higherPrioritySendAdvert: inherited.higherPrioritySendAdvert,
    checkUnicastSource: inherited.checkUnicastSource,
    skipCheckAdvertAddresses: inherited.skipCheckAdvertAddresses,
    strict: inherited.strict,
    notifyPriorityChanges: inherited.priorityChanges,
    ...optional('smtpAlert', booleanOf(global, 'smtp_alert')),
    ...optional('smtpAlertVrrp', booleanOf(global, 'smtp_alert_vrrp')),
    ...optional('smtpAlertChecker', booleanOf(global, 'smtp_alert_checker')),
  };
}
