// The words of address, route and rule lines (keepalived.conf(5), ip-route(8), ip-rule(8)), in any order on the line. address.ts, route.ts
// and rule.ts in to-model/network read them.
import type { Keyword } from '../keyword.js';
import { FLAG, INT_MAX, integer, TEXT, UNSIGNED_MAX, words } from './arguments.js';

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

const noTrack = flag('no_track', 'Nothing happens when somebody else takes it away.');
const trackGroup = text(
  'track_group',
  'Static ones only: instances of this group go to FAULT while its interface is down, or it is gone and cannot be put back.',
);

/** The words behind ADDRESS[/LENGTH]. */
export const addressWords: readonly Keyword[] = [
  text('dev', "Interface; default: the instance's, or default_interface."),
  text('brd', 'Broadcast address; + has the host bits one, - zero.', 'broadcast'),
  text('scope', 'site, link, host, nowhere, global or a number.'),
  text('label', 'Label, 15 characters at most (IPv4).'),
  text('peer', 'Address of the other end.'),
  text('preferred_lft', 'Seconds, or forever; 0 for a whole IPv6 address.'),
  flag('home', 'IPv6: home address.'),
  flag('-nodad', 'IPv6: look for duplicates before it is used.'),
  flag('mngtmpaddr', 'IPv6: make temporary addresses of it.'),
  flag('noprefixroute', 'No route to its network.'),
  flag('autojoin', 'Join the multicast group.'),
  noTrack,
  trackGroup,
  flag('use_vmac', 'Virtual ones only: from a macvlan of its own.'),
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
  text('to', 'The destination, where its place does not say so.'),
  ...routeTypes.map((name) => flag(name, 'Type of the route.')),
  flag('inet', 'It is of IPv4.'),
  flag('inet6', 'It is of IPv6.'),
  { name: 'via', argument: words(1), meaning: '[inet|inet6] ADDRESS of the next hop.' },
  text('gw', 'via, in the old way.'),
  text('or', 'A second next hop, in the old way.'),
  text('dev', 'Interface; without one the route cannot be watched.', 'oif'),
  text('src', 'Source address to prefer.'),
  text('from', 'IPv6: for packets from this network.'),
  text('table', 'Routing table, by number or name.'),
  text('tos', 'Type of service, by number or name.', 'dsfield'),
  text('protocol', 'Who made the route; keepalived (18) where it is watched.'),
  text('scope', 'site, link, host, nowhere, global or a number.'),
  number('metric', 'The lowest is used.', UNSIGNED_MAX, 'priority', 'preference'),
  {
    name: 'nexthop',
    argument: words(0),
    meaning: '[via ADDRESS] [dev IF] [weight 1..256] [onlink] [realms R] [encap …]: one of several next hops; last on the line.',
  },
  metric('mtu', '[lock] NUMBER'),
  number('hoplimit', 'Hop limit.', 255),
  metric('advmss', '[lock] NUMBER: segment size to tell TCP.'),
  metric('rtt', '[lock] TIME: 300ms, 1s, 200ms at least; a number alone counts eighths of a ms.'),
  metric('rttvar', '[lock] TIME; a number alone counts quarters of a ms.'),
  metric('rto_min', '[lock] TIME; a number alone is ms.'),
  metric('reordering', '[lock] NUMBER'),
  number('window', 'Largest window to tell TCP, bytes.'),
  metric('cwnd', '[lock] NUMBER'),
  metric('ssthresh', '[lock] NUMBER'),
  number('initcwnd', 'Segments TCP begins with.'),
  number('initrwnd', 'Segments of the window TCP begins with.'),
  number('quickack', 'Acknowledge at once.', 1),
  number('fastopen_no_cookie', 'TCP fast open without cookie.', 1),
  text('features', 'ecn'),
  metric('congctl', '[lock] NAME of the congestion control.'),
  text('realms', '[FROM/]TO, by number or name.'),
  text('pref', 'IPv6: low, medium or high.'),
  number('expires', 'IPv6: seconds until it goes.'),
  flag('onlink', 'The next hop is on the link, whatever its address.'),
  text('vrf', 'VRF whose table it goes to.'),
  text('ttl-propagate', 'enabled or disabled: does MPLS carry the TTL.'),
  {
    name: 'encap',
    argument: words(1),
    meaning: 'mpls LABEL[/LABEL…], ip|ip6 [id N] [dst A] [src A] [tos|tc N] [ttl|hoplimit N] [flags N], ila A:B:C:D: a lightweight tunnel.',
  },
  text('as', '[to] ADDRESS: of MPLS, not read.'),
  flag('add', 'How it is put in.'),
  flag('append', 'How it is put in.'),
  flag('prepend', 'How it is put in; the default.'),
  noTrack,
  trackGroup,
];

/** A rule consists of these words only. */
export const ruleWords: readonly Keyword[] = [
  text('from', 'Source network; all, any or default.'),
  text('to', 'Destination network.'),
  flag('not', 'Where the rest does not fit.'),
  flag('inet', 'It is of IPv4.'),
  flag('inet6', 'It is of IPv6.'),
  text('table', 'Routing table to ask, by number or name.', 'lookup'),
  number('goto', 'Preference of the rule to go on with.'),
  ...['nop', 'blackhole', 'unreachable', 'prohibit'].map((name) => flag(name, 'What the rule does.')),
  text('type', 'nop, blackhole, unreachable or prohibit.'),
  flag('l3mdev', "Ask the table of the packet's VRF."),
  number('preference', 'Its place among the rules; default: 16384 downwards, with a message.', UNSIGNED_MAX, 'priority', 'order'),
  text('tos', 'Type of service, by number or name.', 'dsfield'),
  text('fwmark', 'MARK[/MASK]'),
  text('iif', 'Interface the packet came by.', 'dev'),
  text('oif', 'Interface of the socket that sends it.'),
  text('realms', '[FROM/]TO, by number or name.'),
  number('suppress_prefixlength', 'Do not take routes of this length or shorter.', INT_MAX, 'sup_pl'),
  text('suppress_ifgroup', 'Do not take routes by interfaces of this group.', 'sup_group'),
  text('uidrange', 'FIRST-LAST: users whose sockets send.'),
  number('protocol', 'Who made the rule; keepalived (18) where it is watched.', 255),
  text('ipproto', 'Protocol of the packet, by number or name.'),
  text('sport', 'Port, or FIRST-LAST.'),
  text('dport', 'Port, or FIRST-LAST.'),
  text('tunnel-id', 'Number of the tunnel.'),
  noTrack,
  trackGroup,
];
