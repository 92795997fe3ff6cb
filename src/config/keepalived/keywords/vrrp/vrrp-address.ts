// vrrp_instance: interfaces, addresses, routes, peers (keepalived.conf(5)).

import type { Keyword } from '../../keyword.js';
import { UNSIGNED_MAX } from '../../values/number.js';
import { BOOLEAN, block, choice, FLAG, integer, LINES, linesOf, TEXT, words } from '../arguments.js';
import { addressWords, routeWords, ruleWords } from '../network.js';

const authentication: readonly Keyword[] = [
  { name: 'auth_type', argument: words(1), meaning: 'PASS (plain text) or AH.' },
  { name: 'auth_pass', argument: TEXT, meaning: 'The password; the first eight characters count.' },
];

const authHmac: readonly Keyword[] = [
  {
    name: 'key',
    argument: words(2),
    repeated: true,
    meaning: 'ID (1..255) KEY: 32..64 bytes as text, hex:DIGITS or file:PATH.',
    messages: { missing: '(%n) auth_hmac key needs an id and a value' },
  },
  {
    name: 'active_key',
    argument: integer(1, 255),
    meaning: 'Id of the signing key; required.',
    messages: { invalid: "(%n) auth_hmac active_key '%v' must be between 1 and 255" },
  },
  {
    name: 'anti_replay',
    argument: choice('time', 'monotonic'),
    default: 'time',
    meaning: "How replays are detected: also by the nodes' clocks, or only by earlier adverts.",
    messages: { invalid: "(%n) auth_hmac anti_replay '%v' must be time or monotonic" },
  },
  {
    name: 'time_window',
    argument: integer(1, 300),
    default: '3 advert_int, 5 at least',
    meaning: "Maximum difference of the nodes' clocks, in seconds.",
    messages: { invalid: "(%n) auth_hmac time_window '%v' must be between 1 and 300 seconds" },
  },
  {
    name: 'mode',
    argument: choice('enforce', 'permissive', 'receive-only'),
    default: 'enforce',
    meaning: 'enforce: accept only authenticated adverts; permissive: sign, but accept unsigned ones; receive-only: do not sign either.',
    messages: { invalid: "(%n) auth_hmac mode '%v' must be enforce, permissive or receive-only" },
  },
];

/** vrrp_instance: its identity on the network, and its addresses and routes. */
export const vrrpAddressKeywords: readonly Keyword[] = [
  { name: 'interface', argument: words(1), meaning: 'Interface of the adverts; required, except for unicast with a source address.' },
  {
    name: 'vrf',
    argument: words(1),
    meaning: 'VRF of a unicast instance without an interface.',
    messages: { again: "(%n) VRF interface already specified as '%v' - ignoring" },
  },
  { name: 'virtual_ipaddress', argument: linesOf(() => addressWords), meaning: 'Virtual addresses of the master, listed in adverts.' },
  {
    name: 'virtual_ipaddress_excluded',
    argument: linesOf(() => addressWords),
    meaning: 'Virtual addresses of the master, of any family, not listed in adverts.',
  },
  { name: 'no_virtual_ipaddress', argument: FLAG, since: '2.2.8', meaning: 'No addresses are wanted, only an election (clouds).' },
  { name: 'virtual_routes', argument: linesOf(() => routeWords), meaning: 'Routes of the master, in the syntax of ip route.' },
  { name: 'virtual_rules', argument: linesOf(() => ruleWords), meaning: 'Rules of the master, in the syntax of ip rule.' },
  { name: 'promote_secondaries', argument: FLAG, meaning: 'Keep the secondary addresses of a network when the primary one is removed.' },
  { name: 'authentication', argument: block(() => authentication), meaning: 'Authentication of VRRPv2.' },
  {
    name: 'auth_hmac',
    argument: block(() => authHmac),
    since: '2.4.0',
    meaning: 'A MAC that authenticates sender and time of an advert (keepalived and weir only).',
  },
  { name: 'unicast_src_ip', argument: words(1), meaning: 'Source address of unicast adverts.' },
  { name: 'unicast_peer', argument: LINES, meaning: 'ADDRESS [min_ttl N] [max_ttl N]: send to these instead of the multicast group.' },
  {
    name: 'unicast_ttl',
    argument: integer(0, 255),
    default: '255',
    meaning: 'TTL of unicast adverts.',
    messages: { invalid: "(%n): TTL '%v' not valid - must be between 0 & 255" },
  },
  { name: 'check_unicast_src', argument: FLAG, meaning: 'Accept adverts only from the listed peers.' },
  { name: 'unicast_fault_no_peer', argument: FLAG, meaning: 'Go to FAULT when all unicast peers are removed.' },
  {
    name: 'old_unicast_checksum',
    argument: words(0),
    meaning: '[never]: IPv4 VRRPv3 checksums for unicast as in keepalived up to 1.3.6; never: do not detect them.',
  },
  {
    name: 'v3_checksum_as_v2',
    argument: BOOLEAN,
    default: 'v3_checksum_as_v2 of global_defs',
    since: '2.2.8',
    meaning: 'IPv4 VRRPv3 checksums without the pseudo header, as in RFC 9568.',
    messages: { invalid: '(%n) invalid v3_checksum_as_v2 %v specified' },
  },
  { name: 'mcast_src_ip', argument: words(1), meaning: 'Source address of multicast adverts.' },
  { name: 'mcast_dst_ip', argument: words(1), default: 'vrrp_mcast_group4, _group6', meaning: 'Multicast group of the adverts.' },
  { name: 'track_src_ip', argument: FLAG, meaning: 'Go to FAULT when the source address is removed.' },
  { name: 'dont_track_primary', argument: FLAG, meaning: 'Ignore the state of the interface.' },
  {
    name: 'use_vmac',
    argument: words(0),
    meaning: '[[name] NAME] [MAC] [netlink_notify_msg] [group N]: send from a macvlan with the virtual MAC address.',
  },
  { name: 'use_vmac_addr', argument: FLAG, meaning: 'A macvlan for each address whose `dev` is another interface.' },
  { name: 'vmac_xmit_base', argument: FLAG, meaning: 'Send and receive adverts on the interface below the macvlan.' },
  {
    name: 'use_ipvlan',
    argument: words(0),
    meaning: '[[name] NAME] [ADDRESS] [bridge|private|vepa] [group N]: use an ipvlan instead.',
    messages: { again: '(%n) use_ipvlan already specified' },
  },
  { name: 'native_ipv6', argument: FLAG, meaning: 'The instance uses IPv6; its addresses show it anyway.' },
  {
    name: 'kernel_rx_buf_size',
    argument: integer(0, UNSIGNED_MAX),
    meaning: 'Size of the receive buffer, in bytes.',
    messages: { missing: '(%n) invalid kernel_rx_buf_size specified', invalid: '(%n) invalid kernel_rx_buf_size specified' },
  },
  {
    name: 'heartbeat',
    argument: LINES,
    meaning: 'IF PEER_ADDRESS: probe the peer over a second link before taking over. weir only.',
  },
];
