// vrrp_instance: elections, timers, gratuitous ARP, scripts (keepalived.conf(5)); its addresses are in vrrp-address.ts.

import type { Keyword } from '../../keyword.js';
import { INT_MAX, UNSIGNED_MAX } from '../../values/number.js';
import { BOOLEAN, block, choice, FLAG, integer, SECONDS_MAX, seconds, words } from '../arguments.js';
import { notifyScript, notifyScripts, notifySwitches } from './notify.js';
import { trackLists } from './track.js';
import { vrrpAddressKeywords } from './vrrp-address.js';

/** A switch with keepalived's usual message about an invalid value. */
const booleanKeyword = (name: string, meaning: string, more: Partial<Keyword> = {}): Keyword => ({
  name,
  argument: BOOLEAN,
  meaning,
  messages: { invalid: `(%n) invalid ${name} %v specified` },
  ...more,
});

const election: readonly Keyword[] = [
  { name: 'state', argument: words(1), repeated: true, default: 'BACKUP', meaning: 'MASTER or BACKUP: the initial state only.' },
  {
    name: 'virtual_router_id',
    argument: integer(1, 255),
    meaning: 'VRID, 1..255: the same on all nodes, unique on the interface.',
    messages: { invalid: "(%n): VRID '%v' not valid - must be between 1 & 255" },
  },
  {
    name: 'priority',
    argument: integer(1, 255),
    default: '100',
    meaning: 'The highest is master; 255 is the address owner (default with state MASTER).',
    messages: { invalid: '(%n) Priority not valid! must be between 1 & 255. Using default 100' },
    refusedAs: 100,
  },
  {
    name: 'version',
    repeated: true,
    argument: integer(2, 3),
    default: 'vrrp_version',
    meaning: 'VRRP version.',
    messages: { invalid: '(%n): Version must be either 2 or 3' },
  },
  {
    name: 'advert_int',
    argument: seconds(0.01, 255),
    default: '1',
    meaning: 'Seconds between adverts; version 2: whole seconds, version 3: hundredths up to 40.95.',
    messages: { invalid: '(%n) Advert interval (%v) not valid! Must be > 0 - ignoring' },
  },
  { name: 'nopreempt', argument: FLAG, meaning: 'Do not take over from a master of lower priority.' },
  { name: 'preempt', argument: FLAG, meaning: 'Take over from a master of lower priority (the default).' },
  {
    name: 'preempt_delay',
    argument: seconds(0, 1000),
    default: '0',
    meaning: 'Seconds to wait before taking over from a master of lower priority.',
    messages: { invalid: '(%n) Preempt_delay not valid! must be between 0-1000' },
  },
  { name: 'accept', argument: FLAG, meaning: 'The master accepts packets to its virtual addresses (the default without strict mode).' },
  { name: 'no_accept', argument: FLAG, meaning: 'The master drops packets to its virtual addresses, by nftables.' },
  booleanKeyword('strict_mode', 'Keep to the RFCs.', { default: 'vrrp_strict' }),
  {
    name: 'down_timer_adverts',
    argument: integer(1, 100),
    default: 'vrrp_down_timer_adverts',
    meaning: 'Number of missed adverts after which a backup takes over.',
    messages: { invalid: "(%n): Invalid down_timer_adverts [1:100] '%v'" },
  },
  booleanKeyword('lower_prio_no_advert', 'A master does not answer adverts of lower priority.', { default: 'vrrp_lower_prio_no_advert' }),
  booleanKeyword('higher_prio_send_advert', 'A master sends one more advert before it gives way.', {
    default: 'vrrp_higher_prio_send_advert',
  }),
  booleanKeyword('owner_ignore_adverts', 'The address owner ignores adverts.', { default: 'vrrp_owner_ignore_adverts', since: '2.3.3' }),
  booleanKeyword('skip_check_adv_addr', 'Compare the addresses in adverts only when the master changes.', {
    default: 'vrrp_skip_check_adv_addr',
  }),
  {
    name: 'address_mismatch',
    argument: choice('accept', 'drop'),
    default: 'vrrp_address_mismatch',
    meaning: 'What to do with adverts that list other addresses. weir only.',
  },
  {
    name: 'timer_expired_backup',
    aliases: ['thread_timer_expired'],
    deprecated: ['thread_timer_expired'],
    argument: words(0),
    since: '2.2.8',
    meaning: '[1..254]: with nopreempt, step down if the timer of this node ran late.',
    messages: { deprecated: "(%n) thread_timer_expired - please replace with keyword 'timer_expired_backup'" },
  },
  {
    name: 'fast_advert_int',
    argument: seconds(0.001, 0.5),
    meaning: 'Seconds between extra adverts among weir nodes, 0.001..0.5. weir only.',
    messages: { invalid: '(%n) fast_advert_int (%v) not valid - must be between 0.001 and 0.5' },
  },
  {
    name: 'fast_down_adverts',
    argument: integer(1, 100),
    default: '5',
    meaning: 'Number of missed extra adverts after which a backup takes over. weir only.',
    messages: { invalid: "(%n) fast_down_adverts '%v' not valid - must be between 1 and 100" },
  },
];

/** A number of the gratuitous ARP settings; keepalived's messages differ by keyword. */
const garpNumber = (name: string, max: number, invalid: string, meaning: string): Keyword => ({
  name,
  argument: integer(0, max),
  default: `vrrp_${name}`,
  meaning,
  messages: { invalid: `(%n): ${invalid}` },
});

const garp: readonly Keyword[] = [
  garpNumber(
    'garp_master_delay',
    SECONDS_MAX,
    "garp_master_delay '%v' invalid - ignoring",
    'Seconds until the second set on becoming master; 0: none.',
  ),
  garpNumber('garp_master_repeat', UNSIGNED_MAX, "garp_master_repeat '%v' invalid - ignoring", 'Rounds of each set.'),
  garpNumber(
    'garp_lower_prio_delay',
    SECONDS_MAX,
    "garp_lower_prio_delay '%v' invalid - ignoring",
    'Seconds until the second set after an advert of lower priority.',
  ),
  garpNumber('garp_lower_prio_repeat', INT_MAX, "Invalid garp_lower_prio_repeat '%v'", 'Rounds of that set.'),
  garpNumber('garp_master_refresh', UNSIGNED_MAX, "Invalid garp_master_refresh '%v' - ignoring", 'Seconds between refreshes; 0: none.'),
  garpNumber('garp_master_refresh_repeat', UNSIGNED_MAX, "garp_master_refresh_repeat '%v' invalid - ignoring", 'Rounds of a refresh.'),
  {
    name: 'garp_extra_if',
    aliases: ['vmac_garp_intvl'],
    deprecated: ['vmac_garp_intvl'],
    argument: words(1),
    default: 'vrrp_garp_extra_if',
    meaning: '[all] SECONDS (0..86400): repeat gratuitous ARPs for addresses on other interfaces at this interval.',
    messages: { missing: '(%n): %k specified without time - ignoring' },
  },
];

const old: readonly Keyword[] = [
  {
    name: 'debug',
    argument: integer(0, 4),
    acted: 'accepted',
    because: 'keepalived ignores it, too',
    meaning: 'Log level, in old releases.',
    messages: { invalid: "(%n) Debug value '%v' not valid; must be between 0-4" },
  },
  {
    name: 'linkbeat_use_polling',
    argument: FLAG,
    acted: 'accepted',
    because: 'weir gets interface states by netlink',
    meaning: 'Poll the state of its interface.',
  },
  {
    name: 'lvs_sync_daemon_interface',
    argument: words(1),
    meaning: 'Old: lvs_sync_daemon with this interface, following this instance.',
    messages: { again: '(%n) lvs_sync_daemon_interface has already been specified as %v - ignoring' },
  },
];

const instance: readonly Keyword[] = [
  ...election,
  ...vrrpAddressKeywords,
  ...trackLists,
  ...garp,
  ...notifyScripts('(%n)'),
  notifyScript('notify_master_rx_lower_pri', '(%n)', 'COMMAND [USER [GROUP]], run when a master receives an advert of lower priority.'),
  {
    name: 'notify_deleted',
    argument: { kind: 'raw', optional: true },
    meaning: '[COMMAND [USER [GROUP]]]: an instance that a reload removes is notified as DELETED, not FAULT.',
    messages: { again: '(%n) notify_deleted already specified - ignoring %v' },
  },
  ...notifySwitches({
    changes: "(%n) Invalid value '%v' for notify_priority_changes specified",
    mail: 'Invalid vrrp_instance smtp_alert parameter %v',
  }),
  ...old,
];

export const vrrpInstanceKeyword: Keyword = {
  name: 'vrrp_instance',
  argument: block(() => instance, 1),
  repeated: true,
  meaning: 'A virtual router.',
  messages: { missing: 'vrrp_instance must have a name' },
};
