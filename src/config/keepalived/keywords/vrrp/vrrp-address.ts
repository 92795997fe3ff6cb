// vrrp_instance: interfaces, addresses, routes, peers (keepalived.conf(5)).
import type { Keyword } from '../../keyword.js';
import { BOOLEAN, block, choice, FLAG, integer, LINES, linesOf, TEXT, words } from '../arguments.js';
import { addressWords, routeWords, ruleWords } from '../network.js';

const authentication: readonly Keyword[] = [
  { name: 'auth_type', argument: words(1), meaning: 'PASS (plain text) or AH.' },
  { name: 'auth_pass', argument: TEXT, meaning: 'The password; eight characters count.' },
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
    meaning: 'The key to sign with; needed.',
    messages: { invalid: "(%n) auth_hmac active_key '%v' must be between 1 and 255" },
  },
  {
    name: 'anti_replay',
    argument: choice('time', 'monotonic'),
    default: 'time',
    meaning: "How replays are told: by the nodes' clocks as well, or by what came before alone.",
    messages: { invalid: "(%n) auth_hmac anti_replay '%v' must be time or monotonic" },
  },
  {
    name: 'time_window',
    argument: integer(1, 300),
    default: '3 advert_int, 5 at least',
    meaning: "Seconds the nodes' clocks may differ.",
    messages: { invalid: "(%n) auth_hmac time_window '%v' must be between 1 and 300 seconds" },
  },
  {
    name: 'mode',
    argument: choice('enforce', 'permissive', 'receive-only'),
    default: 'enforce',
    meaning: 'enforce: believe no advert without a code; permissive: sign, believe those without; receive-only: do not sign either.',
    messages: { invalid: "(%n) auth_hmac mode '%v' must be enforce, permissive or receive-only" },
  },
];

/** vrrp_instance: its identity on the network, and its addresses and routes. */
export const vrrpAddressKeywords: readonly Keyword[] = [
  { name: 'interface', argument: words(1), meaning: 'Interface of the adverts; needed but for unicast with a source address.' },
  {
    name: 'vrf',
    argument: words(1),
    meaning: 'VRF of a unicast instance without interface.',
    messages: { again: "(%n) VRF interface already specified as '%v' - ignoring" },
  },
  { name: 'virtual_ipaddress', argument: linesOf(() => addressWords), meaning: 'Addresses of the master, told in adverts.' },
  {
    name: 'virtual_ipaddress_excluded',
    argument: linesOf(() => addressWords),
    meaning: 'Addresses of the master, of any family, not told in adverts.',
  },
  { name: 'no_virtual_ipaddress', argument: FLAG, since: '2.2.8', meaning: 'None are wanted: elect only (clouds).' },
  { name: 'virtual_routes', argument: linesOf(() => routeWords), meaning: "Routes of the master, in ip route's words." },
  { name: 'virtual_rules', argument: linesOf(() => ruleWords), meaning: "Rules of the master, in ip rule's words." },
  { name: 'promote_secondaries', argument: FLAG, meaning: 'Keep the other addresses of a network when the first one goes.' },
  { name: 'authentication', argument: block(() => authentication), meaning: 'Passwords of VRRPv2.' },
  {
    name: 'auth_hmac',
    argument: block(() => authHmac),
    since: '2.4.0',
    meaning: 'A code that proves who sent an advert and when (keepalived and weir only).',
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
  { name: 'check_unicast_src', argument: FLAG, meaning: 'Take adverts from the listed peers only.' },
  { name: 'unicast_fault_no_peer', argument: FLAG, meaning: 'FAULT when all unicast peers are taken away.' },
  {
    name: 'old_unicast_checksum',
    argument: words(0),
    meaning: '[never]: IPv4 VRRPv3 checksums as keepalived until 1.3.6 made them for unicast; never: do not find out.',
  },
  {
    name: 'v3_checksum_as_v2',
    argument: BOOLEAN,
    default: 'v3_checksum_as_v2 of global_defs',
    since: '2.2.8',
    meaning: 'IPv4 VRRPv3 checksums without pseudo header, as RFC 9568.',
    messages: { invalid: '(%n) invalid v3_checksum_as_v2 %v specified' },
  },
  { name: 'mcast_src_ip', argument: words(1), meaning: 'Source address of multicast adverts.' },
  { name: 'mcast_dst_ip', argument: words(1), default: 'vrrp_mcast_group4, _group6', meaning: 'Multicast group of the adverts.' },
  { name: 'track_src_ip', argument: FLAG, meaning: 'FAULT when the source address goes.' },
  { name: 'dont_track_primary', argument: FLAG, meaning: 'Do not mind when the interface is down.' },
  {
    name: 'use_vmac',
    argument: words(0),
    meaning: '[[name] NAME] [MAC] [netlink_notify_msg] [group N]: send with a MAC address of its own, from a macvlan.',
  },
  { name: 'use_vmac_addr', argument: FLAG, meaning: 'A macvlan for each address whose `dev` is another interface.' },
  { name: 'vmac_xmit_base', argument: FLAG, meaning: 'Send and take adverts on the interface below the macvlan.' },
  {
    name: 'use_ipvlan',
    argument: words(0),
    meaning: '[[name] NAME] [ADDRESS] [bridge|private|vepa] [group N]: an ipvlan instead.',
    messages: { again: '(%n) use_ipvlan already specified' },
  },
  { name: 'native_ipv6', argument: FLAG, meaning: 'The instance is of IPv6; its addresses say so anyway.' },
  {
    name: 'kernel_rx_buf_size',
    argument: integer(0, 0xffffffff),
    meaning: 'Bytes of the receive buffer.',
    messages: { missing: '(%n) invalid kernel_rx_buf_size specified', invalid: '(%n) invalid kernel_rx_buf_size specified' },
  },
  {
    name: 'heartbeat',
    argument: LINES,
    meaning: "IF PEER_ADDRESS: ask after the peer on a second link before the address is taken. weir's own.",
  },
];
