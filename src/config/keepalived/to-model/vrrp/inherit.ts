// What instances and groups inherit from global_defs (keepalived.conf(5)).

import { type Address, type Family, isMulticast } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values } from '../../keyword.js';
import { booleanOf, numberOf, textOf, wordsOf } from '../../values/values.js';
import { type GarpDefaults, readGarpDefaults } from './garp.js';

/** Defaults of an instance: those of global_defs, else keepalived's. */
export interface Inherited {
  readonly version: 2 | 3;
  readonly multicastGroup: { readonly inet: Address; readonly inet6: Address };
  readonly garp: GarpDefaults;
  readonly strict: boolean;
  readonly checkUnicastSource: boolean;
  readonly downTimerAdverts: number;
  readonly lowerPriorityNoAdvert: boolean;
  readonly higherPrioritySendAdvert: boolean;
  readonly ownerIgnoreAdverts: boolean;
  readonly skipCheckAdvertAddresses: boolean;
  readonly addressMismatch: 'accept' | 'drop';
  readonly v3ChecksumAsV2: boolean;
  readonly smtpAlert: boolean;
  readonly priorityChanges: boolean;
}

const group4 = parseAddress('224.0.0.18')!;
const group6 = parseAddress('ff02::12')!;

function multicastGroup(global: Values, family: Family, otherwise: Address, report: Report): Address {
  const [keyword, name] = family === 'inet' ? ['vrrp_mcast_group4', 'IPv4'] : ['vrrp_mcast_group6', 'IPv6'];
  const [word] = wordsOf(global, keyword) ?? [];
  if (word === undefined) return otherwise;
  const found = parseAddress(word.text.split('/')[0] ?? '');
  if (found === undefined) report('multicast-group-invalid', word.at, { keyword, word: word.text });
  else if (found.family !== family) report('multicast-group-family', word.at, { keyword, word: word.text, name });
  else if (!isMulticast(found)) report('multicast-group-not-multicast', word.at, { keyword, word: word.text });
  else return found;
  return otherwise;
}

export function readInherited(global: Values, report: Report): Inherited {
  const flag = (keyword: string): boolean => booleanOf(global, keyword) ?? false;
  return {
    version: numberOf(global, 'vrrp_version') === 3 ? 3 : 2,
    multicastGroup: { inet: multicastGroup(global, 'inet', group4, report), inet6: multicastGroup(global, 'inet6', group6, report) },
    garp: readGarpDefaults(global, report),
    strict: flag('vrrp_strict'),
    checkUnicastSource: flag('vrrp_check_unicast_src'),
    downTimerAdverts: numberOf(global, 'vrrp_down_timer_adverts') ?? 3,
    lowerPriorityNoAdvert: flag('vrrp_lower_prio_no_advert'),
    higherPrioritySendAdvert: flag('vrrp_higher_prio_send_advert'),
    ownerIgnoreAdverts: flag('vrrp_owner_ignore_adverts'),
    skipCheckAdvertAddresses: flag('vrrp_skip_check_adv_addr'),
    addressMismatch: textOf(global, 'vrrp_address_mismatch') === 'drop' ? 'drop' : 'accept',
    v3ChecksumAsV2: flag('v3_checksum_as_v2'),
    smtpAlert: booleanOf(global, 'smtp_alert_vrrp') ?? flag('smtp_alert'),
    priorityChanges: flag('vrrp_notify_priority_changes'),
  };
}
