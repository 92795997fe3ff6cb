// The words of address, route and rule lines (keepalived.conf(5), ip-route(8), ip-rule(8)), in any order on the line. address.ts, route.ts
// and rule.ts in to-model/network read them.

import type { Keyword } from '../keyword.js';
import { INT_MAX, UNSIGNED_MAX } from '../values/number.js';
import { FLAG, integer, TEXT, words } from './arguments.js';

const text = (name: string, meaning: string, ...aliases: readonly string[]): Keyword => ({
  name,
  ...(aliases.length > 0 ? { aliases } : {}),
  argument: TEXT,
  meaning,
});
const flag = (name: string, meaning: string): Keyword => ({ name, argument: FLAG, meaning });
const number = (name: string, meaning: string, max = UNSIGNED_MAX, ...aliases: readonly string[]): Keyword => ({
  name,
  ...(aliases.length > 0 ? { aliases } : {}),
  argument: integer(0, max),
  meaning,
});

const noTrack = flag('no_track', 'Ignore its removal by others.');
const trackGroup = text(
  'track_group',
  'Static objects only: the instances of this group go to FAULT while its interface is down, or while it is missing and cannot be restored.',
);

/** The words behind ADDRESS[/LENGTH]. */
export const addressWords: readonly Keyword[] = [
  text('dev', "Interface; default: the instance's, or default_interface."),
  text('brd', 'Broadcast address; + sets all host bits to one, - to zero.', 'broadcast'),
  text('scope', 'site, link, host, nowhere, global or a number.'),
  text('label', 'Label, 15 characters at most (IPv4).'),
  text('peer', 'Address of the other end.'),
  text('preferred_lft', 'Seconds, or forever; 0 for an IPv6 address without a prefix length.'),
  flag('home', 'IPv6: home address.'),
  flag('-nodad', 'IPv6: enable duplicate address detection.'),
  flag('mngtmpaddr', 'IPv6: use it as a template for temporary addresses.'),
  flag('noprefixroute', 'Add no route to its network.'),
  flag('autojoin', 'Join the multicast group.'),
  noTrack,
  trackGroup,
  flag('use_vmac', 'Virtual addresses only: use a separate macvlan.'),
];

const metric = (name: string, meaning: string): Keyword => ({ name, argument: words(1), meaning });

const routeTypes = [
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'anycast',
  'throw',
  'unreachable',
  'prohibit',
  'blackhole',
  'nat',
  'xresolve',
];

/** The words around the destination, which is NETWORK, default or default6. */
export const routeWords: readonly Keyword[] = [
  text('to', 'The destination, if it is not the first word.'),
  ...routeTypes.map((name) => flag(name, 'Type of the route.')),
  flag('inet', 'Use IPv4.'),
  flag('inet6', 'Use IPv6.'),
  { name: 'via', argument: words(1), meaning: '[inet|inet6] ADDRESS of the next hop.' },
  text('gw', 'Old form of via.'),
  text('or', 'A second next hop, in the old form.'),
  text('dev', 'Interface; without one the route cannot be tracked.', 'oif'),
  text('src', 'Source address to prefer.'),
  text('from', 'IPv6: for packets from this network.'),
  text('table', 'Routing table, by number or name.'),
  text('tos', 'Type of service, by number or name.', 'dsfield'),
  text('protocol', 'Origin of the route; keepalived (18) if it is tracked.'),
  text('scope', 'site, link, host, nowhere, global or a number.'),
  number('metric', 'Priority of the route; the lowest is used.', UNSIGNED_MAX, 'priority', 'preference'),
  {
    name: 'nexthop',
    argument: words(0),
    meaning: '[via ADDRESS] [dev IF] [weight 1..256] [onlink] [realms R] [encap …]: one of several next hops; last on the line.',
  },
  metric('mtu', '[lock] NUMBER'),
  number('hoplimit', 'Hop limit.', 255),
  metric('advmss', '[lock] NUMBER: segment size that TCP advertises.'),
  metric('rtt', '[lock] TIME: 300ms, 1s, 200ms at least; a number alone counts eighths of a ms.'),
  metric('rttvar', '[lock] TIME; a number alone counts quarters of a ms.'),
  metric('rto_min', '[lock] TIME; a number alone is ms.'),
  metric('reordering', '[lock] NUMBER'),
  number('window', 'Largest window that TCP advertises, in bytes.'),
  metric('cwnd', '[lock] NUMBER'),
  metric('ssthresh', '[lock] NUMBER'),
  number('initcwnd', 'Initial congestion window of TCP, in segments.'),
  number('initrwnd', 'Initial receive window of TCP, in segments.'),
  number('quickack', 'Acknowledge at once.', 1),
  number('fastopen_no_cookie', 'TCP fast open without cookie.', 1),
  text('features', 'ecn'),
  metric('congctl', '[lock] NAME of the congestion control.'),
  text('realms', '[FROM/]TO, by number or name.'),
  text('pref', 'IPv6: low, medium or high.'),
  number('expires', 'IPv6: seconds until it is removed.'),
  flag('onlink', 'The next hop is directly reachable, whatever its address.'),
  text('vrf', 'VRF that provides the table.'),
  text('ttl-propagate', 'enabled or disabled: propagate the TTL to MPLS.'),
  {
    name: 'encap',
    argument: words(1),
    meaning: 'mpls LABEL[/LABEL…], ip|ip6 [id N] [dst A] [src A] [tos|tc N] [ttl|hoplimit N] [flags N], ila A:B:C:D: a lightweight tunnel.',
  },
  text('as', '[to] ADDRESS: for MPLS, ignored.'),
  flag('add', 'How it is added.'),
  flag('append', 'How it is added.'),
  flag('prepend', 'How it is added (the default).'),
  noTrack,
  trackGroup,
];

/** A rule consists of these words only. */
export const ruleWords: readonly Keyword[] = [
  text('from', 'Source network; all, any or default.'),
  text('to', 'Destination network.'),
  flag('not', 'Invert the match.'),
  flag('inet', 'Use IPv4.'),
  flag('inet6', 'Use IPv6.'),
  text('table', 'Routing table to look up, by number or name.', 'lookup'),
  number('goto', 'Preference of the rule to continue with.'),
  ...['nop', 'blackhole', 'unreachable', 'prohibit'].map((name) => flag(name, 'Action of the rule.')),
  text('type', 'nop, blackhole, unreachable or prohibit.'),
  flag('l3mdev', "Use the table of the packet's VRF."),
  number('preference', 'Position among the rules; default: counted down from 16384, with a message.', UNSIGNED_MAX, 'priority', 'order'),
  text('tos', 'Type of service, by number or name.', 'dsfield'),
  text('fwmark', 'MARK[/MASK]'),
  text('iif', 'Interface that received the packet.', 'dev'),
  text('oif', 'Interface to which the sending socket is bound.'),
  text('realms', '[FROM/]TO, by number or name.'),
  number('suppress_prefixlength', 'Ignore routes of this prefix length or shorter.', INT_MAX, 'sup_pl'),
  text('suppress_ifgroup', 'Ignore routes through interfaces of this group.', 'sup_group'),
  text('uidrange', 'FIRST-LAST: user ids of the sending socket.'),
  number('protocol', 'Origin of the rule; keepalived (18) if it is tracked.', 255),
  text('ipproto', 'Protocol of the packet, by number or name.'),
  text('sport', 'Port, or FIRST-LAST.'),
  text('dport', 'Port, or FIRST-LAST.'),
  text('tunnel-id', 'Tunnel id.'),
  noTrack,
  trackGroup,
];
