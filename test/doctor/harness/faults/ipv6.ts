// Faults of IPv6 services: the VIP, the servers, and the ways between.
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const dr = faultOf('ipv6', 'ipv6-dr');
const nat = faultOf('ipv6', 'ipv6-nat');
const marks = faultOf('ipv6', 'ipv6-marks');
const VIP = 'fd00:33::80';

export const faults: readonly Fault[] = [
  dr(
    'vip-gone',
    [['director', `weir vip del ${VIP} --dev eth0`]],
    'vip-absent',
    /VIP fd00:33::80 is on no interface: no host answers neighbour solicitations for it on eth0/,
  ),
  dr(
    'vip-on-lo',
    [
      ['director', `ip addr del ${VIP}/128 dev eth0; ip addr add ${VIP}/128 dev lo`],
      ['client', 'ip neigh flush all'],
    ],
    'vip-on-lo',
    /VIP fd00:33::80 is on lo, and its subnet is on eth0/,
  ),
  dr(
    'vip-on-server-interface',
    [['s1', `ip addr add ${VIP}/128 dev eth0 nodad`]],
    'vip-answered-by-server',
    /real server fd00:33::11 answers neighbour solicitations for VIP fd00:33::80 on eth0/,
    { effect: 'latent' },
  ),
  dr('server-without-vip', [['s1', 'weir realserver stop']], 'server-without-vip', /drops packets for fd00:33::80/),
  dr('server-silent', [['s1', { close: 'tcp [::]:80' }]], 'server-unreachable', /no process listens on port 80 there/, {
    repair: [['s1', { listen: 'tcp [::]:80' }]],
  }),
  dr(
    'server-down',
    [['s1', 'ip link set eth0 down']],
    'server-unreachable',
    /no host answers neighbour solicitations for fd00:33::11 on eth0/,
    { repair: [['s1', 'ip link set eth0 up', 'ip addr add fd00:33::11/64 dev eth0 nodad']] },
  ),
  dr('forwarding-off', [['director', 'sysctl -qw net.ipv6.conf.all.forwarding=0']], 'ipv6-forwarding-off', /IPv6 forwarding is 0 on eth0/, {
    effect: 'latent', // next hops that were known before are used on
  }),
  nat(
    'client-blackholed',
    [['director', 'ip -6 route add blackhole fd00:35::20/128']],
    'client-unroutable',
    /sends no answer to fd00:35::20: the route of this host to fd00:35::20 is blackhole fd00:35::20\/128/,
  ),
  marks('forward-drops', [['director', 'ip6tables -P FORWARD DROP']], 'mark-forward-dropped', /ip6tables chain filter FORWARD drops them/),
  marks('rule-gone', [['director', 'ip -6 rule del pref 1 fwmark 3']], 'mark-rules-changed', /policy rules of weir/),
  marks(
    'forwarding-off',
    [
      [
        'director',
        'sysctl -qw net.ipv6.conf.all.forwarding=0',
        'sysctl -qw net.ipv6.conf.eth0.forwarding=1 net.ipv6.conf.eth1.forwarding=1',
      ],
    ],
    'mark-forwarding-off',
    /net\.ipv6\.conf\.all\.forwarding is 0/,
  ),
  nat(
    'gateway-elsewhere',
    [['s1', 'ip -6 route replace default via fd00:34::99 dev eth0']],
    'server-answers-elsewhere',
    /either its gateway to other networks is not fd00:34::1/,
  ),
  nat(
    'neighbour-wrong',
    [['director', 'ip neigh replace fd00:34::11 lladdr 02:00:00:00:99:99 dev eth1 nud permanent']],
    'server-unreachable',
    /a permanent entry 02:00:00:00:99:99 for fd00:34::11 on eth1, and \S+ answers neighbour solicitations for it/,
  ),
  nat(
    'mtu-black-hole',
    [['s1', 'ip6tables -A INPUT -m length --length 1401: -j DROP']],
    'mtu-black-hole',
    /real server fd00:34::11.* answers ping of 1400 bytes and not of 1500/,
    {
      effect: 'latent',
      undo: [
        ['s1', 'ip6tables -F'],
        ['director', 'ip route del fd00:34::11'],
      ],
    },
  ),
  nat(
    'route-refuses',
    [['director', 'ip -6 route add unreachable fd00:34::11/128 metric 1']],
    'server-unreachable',
    /the route of this host to it is unreachable fd00:34::11\/128/,
  ),
];
