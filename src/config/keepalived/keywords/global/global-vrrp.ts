// global_defs: versions, multicast groups, gratuitous ARP, elections and strict mode of VRRP (keepalived.conf(5)).

import type { Keyword } from '../../keyword.js';
import { INT_MAX, UNSIGNED_MAX } from '../../values/number.js';
import { BOOLEAN, choice, FLAG, integer, SECONDS_MAX, seconds, TEXT, words } from '../arguments.js';

const garp: readonly Keyword[] = [
  {
    name: 'vrrp_garp_master_delay',
    argument: integer(0, SECONDS_MAX),
    default: '5',
    meaning: 'Seconds after becoming master until the second set of gratuitous ARPs; 0: none.',
    messages: { invalid: "vrrp_garp_master_delay '%v' invalid - ignoring" },
  },
  {
    name: 'vrrp_garp_master_repeat',
    argument: integer(0, UNSIGNED_MAX),
    default: '5',
    meaning: 'Number of gratuitous ARPs for each address in one set.',
    messages: { invalid: "vrrp_garp_master_repeat '%v' invalid - ignoring" },
  },
  {
    name: 'vrrp_garp_lower_prio_delay',
    argument: integer(0, SECONDS_MAX),
    meaning: 'Seconds until the second set of gratuitous ARPs after an advert of lower priority; default: vrrp_garp_master_delay.',
    messages: { invalid: "vrrp_garp_lower_prio_delay '%v' invalid - ignoring" },
  },
  {
    name: 'vrrp_garp_lower_prio_repeat',
    argument: integer(0, INT_MAX),
    meaning: 'Number of gratuitous ARPs for each address after an advert of lower priority; default: vrrp_garp_master_repeat.',
    messages: { invalid: "Invalid vrrp_garp_lower_prio_repeat '%v'" },
  },
  {
    name: 'vrrp_garp_master_refresh',
    argument: integer(0, UNSIGNED_MAX),
    default: '0',
    meaning: 'Seconds between gratuitous ARPs while the node is master; 0: none.',
    messages: { invalid: "Invalid vrrp_garp_master_refresh '%v' - ignoring" },
  },
  {
    name: 'vrrp_garp_master_refresh_repeat',
    argument: integer(0, UNSIGNED_MAX),
    default: '1',
    meaning: 'Number of gratuitous ARPs for each address at such a refresh.',
    messages: { invalid: "vrrp_garp_master_refresh_repeat '%v' invalid - ignoring" },
  },
  {
    name: 'vrrp_garp_interval',
    argument: seconds(0.000001, 4294.967295),
    default: '0',
    meaning: 'Minimum time between two gratuitous ARPs on an interface, in seconds.',
    messages: { invalid: "vrrp_garp_interval '%v' is invalid" },
  },
  {
    name: 'vrrp_gna_interval',
    argument: seconds(0.000001, 4294.967295),
    default: '0',
    meaning: 'Minimum time between two unsolicited neighbour advertisements on an interface, in seconds.',
    messages: { invalid: "vrrp_gna_interval '%v' is invalid" },
  },
  {
    name: 'vrrp_min_garp',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'Send one gratuitous ARP for each address, and no second set.',
    messages: { invalid: 'Invalid value for vrrp_min_garp specified' },
  },
  {
    name: 'vrrp_garp_extra_if',
    aliases: ['vrrp_vmac_garp_intvl'],
    deprecated: ['vrrp_vmac_garp_intvl'],
    argument: words(1),
    meaning:
      '[all] SECONDS (1..86400): repeat gratuitous ARPs for addresses on other interfaces at this interval; `all`: not only on VMACs.',
    messages: { missing: '%k specified without time - ignoring' },
  },
];

const election: readonly Keyword[] = [
  {
    name: 'vrrp_version',
    argument: integer(2, 3),
    default: '2',
    meaning: 'VRRP version of instances that do not set one; IPv6 always uses 3.',
    messages: { invalid: 'VRRP Error: Version must be either 2 or 3' },
  },
  { name: 'vrrp_mcast_group4', argument: words(1), default: '224.0.0.18', meaning: 'Multicast group of IPv4 adverts.' },
  { name: 'vrrp_mcast_group6', argument: words(1), default: 'ff02::12', meaning: 'Multicast group of IPv6 adverts.' },
  {
    name: 'vrrp_down_timer_adverts',
    argument: integer(1, 100),
    default: '3',
    meaning: 'Number of missed adverts after which a backup takes over.',
    messages: { invalid: "Invalid vrrp_down_timer_adverts [1:100] '%v'" },
  },
  {
    name: 'vrrp_lower_prio_no_advert',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'A master does not send an advert in answer to one of lower priority (RFC 3768, RFC 5798).',
    messages: { invalid: 'Invalid value for vrrp_lower_prio_no_advert specified' },
  },
  {
    name: 'vrrp_higher_prio_send_advert',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'A master sends one more advert before it yields to a higher priority.',
    messages: { invalid: 'Invalid value for vrrp_higher_prio_send_advert specified' },
  },
  { name: 'vrrp_check_unicast_src', argument: FLAG, meaning: 'Accept unicast adverts only from the listed peers.' },
  {
    name: 'vrrp_skip_check_adv_addr',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'Compare the addresses in adverts only when the master changes.',
    messages: { invalid: "Invalid value '%v' for global vrrp_check_adv_addr specified" },
  },
  {
    name: 'vrrp_address_mismatch',
    argument: choice('accept', 'drop'),
    default: 'accept',
    meaning:
      "What becomes of an advert with other addresses: counted and logged (keepalived 2.3.3 and later), or dropped (before). weir's own.",
  },
  {
    name: 'vrrp_strict',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'Follow the RFCs strictly: no unicast, no authentication, no accept …',
    messages: { invalid: "Invalid value '%v' for global vrrp_strict specified" },
  },
  {
    name: 'vrrp_owner_ignore_adverts',
    argument: BOOLEAN,
    default: 'off',
    since: '2.3.3',
    meaning: 'The address owner (priority 255) ignores adverts.',
    messages: { invalid: "Invalid value '%v' for global %k specified" },
  },
  {
    name: 'v3_checksum_as_v2',
    argument: BOOLEAN,
    default: 'off',
    since: '2.2.8',
    meaning: 'IPv4 VRRPv3 checksums without the pseudo header, as in RFC 9568.',
  },
  {
    name: 'vrrp_startup_delay',
    argument: seconds(0.001, 4294.967295),
    default: '0',
    meaning: 'Seconds after the start during which adverts are ignored and no master is elected.',
    messages: { invalid: "vrrp_startup_delay '%v' is invalid" },
  },
  {
    name: 'vrrp_delay_after_boot',
    argument: seconds(0.001, 4294.967295),
    default: '0',
    since: '2.4.0',
    meaning: 'The same, counted from the boot of the host.',
    messages: { invalid: "vrrp_delay_after_boot '%v' is invalid" },
  },
  { name: 'log_unknown_vrids', argument: FLAG, meaning: 'Log adverts for virtual router ids that are not configured.' },
  {
    name: 'vrrp_notify_priority_changes',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'Write changes of priority to the FIFOs, too.',
    messages: { invalid: "Invalid value '%v' for global vrrp_notify_priority_changes specified" },
  },
];

const host: readonly Keyword[] = [
  {
    name: 'nftables',
    argument: words(0),
    default: 'keepalived',
    meaning: '[TABLE]: nftables table for the rules of accept and of VMACs.',
    messages: { again: 'nftables already specified - ignoring' },
  },
  {
    name: 'nftables_priority',
    argument: integer(-INT_MAX - 1, INT_MAX),
    default: '-1',
    meaning: 'Priority of its chains, relative to `filter`.',
    messages: { invalid: "invalid nftables chain priority '%v'" },
  },
  { name: 'nftables_counters', argument: FLAG, meaning: 'Count dropped packets in the rules.' },
  { name: 'nftables_ifindex', argument: FLAG, meaning: 'Match interfaces by index in link-local rules.' },
  {
    name: 'vrrp_iptables',
    argument: words(0),
    acted: 'accepted',
    because: 'weir uses nftables rules in a separate table',
    meaning: '[IN [OUT]]: iptables chains for the rules.',
  },
  {
    name: 'vrrp_ipsets',
    argument: words(0),
    acted: 'accepted',
    because: 'weir uses nftables sets',
    meaning: '[NAME…]: names of ipsets.',
  },
  {
    name: 'vmac_prefix',
    argument: TEXT,
    default: 'vrrp',
    meaning: 'Prefix of the names of macvlans.',
    messages: { again: 'vmac prefix has already been specified - ignoring %v' },
  },
  {
    name: 'vmac_addr_prefix',
    argument: TEXT,
    default: 'vrrp',
    meaning: 'Prefix of the names of macvlans for single addresses.',
    messages: { again: 'vmac_addr prefix has already been specified - ignoring %v' },
  },
  {
    name: 'disable_local_igmp',
    argument: FLAG,
    meaning: 'Suppress IGMP reports for link-local groups, including VRRP’s, while the daemon runs (sysctl igmp_link_local_mcast_reports).',
  },
  {
    name: 'vrrp_rx_bufs_policy',
    argument: words(1),
    meaning: 'MTU, ADVERT or a number of bytes: the part of each instance in the receive buffer of its socket.',
    messages: { missing: 'vrrp_rx_bufs_policy missing' },
  },
  {
    name: 'vrrp_rx_bufs_multiplier',
    argument: integer(1, UNSIGNED_MAX),
    default: '3',
    meaning: 'Multiplier of MTU and ADVERT in vrrp_rx_bufs_policy.',
    messages: { missing: 'Invalid vrrp_rx_bufs_multiplier', invalid: 'Invalid vrrp_rx_bufs_multiplier %v' },
  },
];

/** The keywords of global_defs for VRRP. */
export const globalVrrpKeywords: readonly Keyword[] = [...election, ...garp, ...host];
