// Faults of real servers of IPv6 services, seen by doctor on the server itself.
import { onServer } from '../fault-of.js';
import type { Fault } from '../types.js';

const VIP = 'fd00:41::80';

const LISTEN = { listen: 'tcp [::]:80' } as const;
const CLOSE = { close: 'tcp [::]:80' } as const;
const NO_NAT = ['s1', 'ip6tables -t nat -F 2>/dev/null; nft delete table ip6 weir_service 2>/dev/null; true'] as const;
const NO_RULES = { undo: [['s1', 'ip6tables -F']] } as const;

const host: readonly Fault[] = [
  onServer('server6-dr', 'vip-absent', [`ip addr del ${VIP}/128 dev lo`], ['server-vip-absent', /VIP fd00:41::80 is not on this host/]),
  onServer(
    'server6-dr',
    'vip-on-wire',
    [`ip addr del ${VIP}/128 dev lo; ip addr add ${VIP}/128 dev eth0 nodad`],
    ['server-vip-on-wire', /fd00:41::80 is on eth0: .*answers neighbour solicitations for its own addresses/],
    { effect: 'latent' },
  ),
  onServer(
    'server6-dr',
    'vip-prefix',
    [`ip addr del ${VIP}/128 dev lo; ip addr add ${VIP}/64 dev lo`],
    ['server-vip-prefix', /fd00:41::80\/64 is on lo/],
    { effect: 'latent' },
  ),
  onServer(
    'server6-by-hand',
    'redirect-gone',
    [`ip6tables -t nat -F; ip addr del ${VIP}/128 dev lo`],
    ['server-vip-absent', /VIP fd00:41::80 is not on this host/],
  ),
  onServer('server6-dr', 'interface-down', ['ip link set eth0 down'], ['interface-down', /eth0 is down: .*ip link set eth0 up/], {
    afterwards: [['s1', 'ip addr add fd00:41::11/64 dev eth0 nodad', 'ip -6 route add default via fd00:41::1']],
  }),
  onServer(
    'server6-dr',
    'without-address',
    ['ip addr del fd00:41::11/64 dev eth0'],
    ['server-without-address', /eth0 has no IPv6 address/],
    {
      effect: 'latent', // the director's neighbour entry lasts for a while
      repair: [['s1', 'ip addr add fd00:41::11/64 dev eth0 nodad', 'ip -6 route replace default via fd00:41::1']],
    },
  ),
  {
    name: 'server6-dr-address-duplicate',
    topic: 'server',
    on: 'server6-dr',
    breaks: [
      ['s2', 'ip addr add fd00:41::11/64 dev eth0 nodad'],
      [
        's1',
        'ip addr del fd00:41::11/64 dev eth0; ip addr add fd00:41::11/64 dev eth0; sleep 3; ip -6 route replace default via fd00:41::1',
      ],
      ['s2', 'ip addr del fd00:41::11/64 dev eth0'],
    ],
    effect: 'latent',
    expect: [{ at: 's1', code: 'address-duplicate', matches: /fd00:41::11 is on eth0 and not in use \(dadfailed\)/ }],
    // s2 answered for it, and neighbours believe that for a minute.
    afterwards: [
      ['s1', 'ip -6 route replace default via fd00:41::1'],
      ['director', 'ip neigh flush all'],
    ],
  },
];

const listens: readonly Fault[] = [
  onServer('server6-dr', 'loopback', [CLOSE, { listen: 'tcp [::1]:80' }], ['server-listens-on-loopback', /listens on ::1 only/], {
    repair: [['s1', { close: 'tcp [::1]:80' }, LISTEN]],
  }),
  onServer(
    'server6-dr',
    'own-address',
    [CLOSE, { listen: 'tcp [fd00:41::11]:80' }],
    ['server-listens-elsewhere', /only what is for fd00:41::11/],
    { undo: [NO_NAT, ['s1', { close: 'tcp [fd00:41::11]:80' }, LISTEN]] },
  ),
  onServer(
    'server6-dr',
    'ipv4-alone',
    [CLOSE, { listen: 'tcp 0.0.0.0:80' }],
    ['server-listens-elsewhere', /listens on 0\.0\.0\.0 only, without IPv6.*listen on fd00:41::80 or on ::/],
    { repair: [['s1', { close: 'tcp 0.0.0.0:80' }, LISTEN]] },
  ),
  onServer(
    'server6-dr',
    'other-port',
    [CLOSE, { listen: 'tcp [::]:8081' }],
    ['server-not-listening', /no process listens on TCP port 80; .*8081/],
    { undo: [NO_NAT, ['s1', { close: 'tcp [::]:8081' }, LISTEN]] },
  ),
  onServer('server6-dr', 'ended', [CLOSE], ['server-not-listening', /no process listens on TCP port 80/], { repair: [['s1', LISTEN]] }),
  onServer(
    'server6-by-hand',
    'redirect-to-nothing',
    [`ip6tables -t nat -I PREROUTING -d ${VIP} -p tcp --dport 80 -j REDIRECT --to-ports 8099`],
    ['server-not-listening', /no process listens on TCP port 8099/],
    { undo: [['s1', 'ip6tables -t nat -F']] },
  ),
];

const filters: readonly Fault[] = [
  onServer(
    'server6-dr',
    'input-drop',
    [`ip6tables -A INPUT -d ${VIP} -j DROP`],
    ['server-filter', /-d fd00:41::80\/128 -j DROP.*ip6tables filter INPUT/],
    NO_RULES,
  ),
  onServer(
    'server6-dr',
    'output-drop',
    [`ip6tables -A OUTPUT -s ${VIP} -j DROP`],
    ['server-filter', /drops answers from TCP \[fd00:41::80\]:80/],
    NO_RULES,
  ),
  onServer(
    'server6-dr',
    'default-deny',
    [
      'nft add table inet f',
      "nft add chain inet f in '{ type filter hook input priority 0; policy drop; }'",
      'nft add rule inet f in ct state vmap { established : accept, related : accept, invalid : drop }',
      'nft add rule inet f in meta l4proto ipv6-icmp accept',
      'nft add rule inet f in tcp dport { 22, 443 } accept',
    ],
    ['server-filter', /policy drop.*nft inet f in/],
    { undo: [['s1', 'nft delete table inet f']] },
  ),
  onServer(
    'server6-dr',
    'discovery-denied',
    [
      'nft add table ip6 f',
      "nft add chain ip6 f in '{ type filter hook input priority 0; policy drop; }'",
      'nft add rule ip6 f in ct state established,related accept',
      'nft add rule ip6 f in tcp dport { 22, 80 } accept',
    ],
    ['server-discovery-filter', /drops neighbour solicitations on eth0: policy drop.*nft ip6 f in/],
    { effect: 'latent', undo: [['s1', 'nft delete table ip6 f']] }, // neighbour entries last for a while
  ),
  onServer(
    'server6-dr',
    'discovery-dropped',
    ['ip6tables -A INPUT -p ipv6-icmp --icmpv6-type neighbour-solicitation -j DROP'],
    ['server-discovery-filter', /drops neighbour solicitations on eth0: the rule .*ip6tables filter INPUT/],
    { effect: 'latent', ...NO_RULES },
  ),
  onServer(
    'server6-both',
    'input-drop',
    ['ip6tables -A INPUT -p tcp --dport 80 -j DROP'],
    ['server-filter', /drops packets for TCP \[fd00:44::80\]:80/],
    NO_RULES,
  ),
  onServer(
    'server6-both',
    'vip-absent',
    ['ip addr del 10.44.0.80/32 dev lo'],
    ['server-vip-absent', /VIP 10\.44\.0\.80 is not on this host/],
  ),
  onServer(
    'server6-nat',
    'input-drop',
    ['nft insert rule inet f in tcp dport 8080 drop'],
    ['server-filter', /"tcp dport 8080 drop" \(nft inet f in\)/],
  ),
];

const ways: readonly Fault[] = [
  onServer(
    'server6-dr',
    'gateway-silent',
    ['ip -6 route replace default via fd00:41::99'],
    ['server-gateway-silent', /gateway fd00:41::99 does not answer neighbour solicitations on eth0/],
    { repair: [['s1', 'ip -6 route replace default via fd00:41::1']] },
  ),
  onServer('server6-dr', 'gateway-none', ['ip -6 route del default'], ['server-no-gateway', /there is no default route/], {
    repair: [['s1', 'ip -6 route add default via fd00:41::1']],
  }),
  onServer(
    'server6-dr',
    'gateway-neighbour',
    ['ip neigh replace fd00:41::1 lladdr 02:00:00:00:de:ad dev eth0 nud permanent'],
    ['server-gateway-neighbour', /answers go to 02:00:00:00:de:ad, not to the gateway fd00:41::1/],
  ),
  onServer('server6-dr', 'blackhole', ['ip -6 route add blackhole default metric 50'], ['server-no-way-back', /is blackhole default/], {
    repair: [['s1', 'ip -6 route del blackhole default metric 50']],
  }),
  onServer(
    'server6-dr',
    'policy-route',
    [`ip -6 rule add from ${VIP} lookup 77; ip -6 route add prohibit default table 77`],
    ['server-no-way-back', /is prohibit default/],
    { undo: [['s1', `ip -6 rule del from ${VIP} lookup 77`]] },
  ),
  onServer(
    'server6-nat',
    'gateway-elsewhere',
    ['ip -6 route replace default via fd00:43::254'],
    ['server-gateway-not-director', /gateway is fd00:43::254, not the director fd00:43::1/],
  ),
  onServer('server6-nat', 'gateway-none', ['ip -6 route del default'], ['server-gateway-not-director', /there is no default route/]),
];

export const faults: readonly Fault[] = [...host, ...listens, ...filters, ...ways];
