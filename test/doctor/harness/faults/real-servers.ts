// Faults of real servers, seen by doctor on the server itself.
import { onServer } from '../fault-of.js';
import type { Fault } from '../types.js';

const VIP = '10.31.0.80';

const LISTEN = { listen: 'tcp 0.0.0.0:80' } as const;
const CLOSE = { close: 'tcp 0.0.0.0:80' } as const;
const NO_NAT = ['s1', 'iptables -t nat -F 2>/dev/null; nft delete table ip weir_service 2>/dev/null; true'] as const;

const vip: readonly Fault[] = [
  onServer('server-dr', 'vip-absent', [`ip addr del ${VIP}/32 dev lo`], ['server-vip-absent', /VIP 10\.31\.0\.80 is not on this host/]),
  onServer(
    'server-dr',
    'vip-on-wire',
    [`ip addr del ${VIP}/32 dev lo; ip route del ${VIP} dev lo; ip addr add ${VIP}/32 dev eth0`],
    ['server-vip-on-wire', /10\.31\.0\.80 is on eth0/],
    { effect: 'latent' },
  ),
  onServer(
    'server-dr',
    'vip-prefix',
    [`ip addr del ${VIP}/32 dev lo; ip addr add ${VIP}/24 dev lo`],
    ['server-vip-prefix', /10\.31\.0\.80\/24 is on lo/],
    { effect: 'latent' },
  ),
  onServer(
    'server-by-hand',
    'redirect-gone',
    [`iptables -t nat -F; ip addr del ${VIP}/32 dev lo`],
    ['server-vip-absent', /VIP 10\.31\.0\.80 is not on this host/],
  ),
];

const arp: readonly Fault[] = [
  onServer(
    'server-dr',
    'arp-ignore',
    ['sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.eth0.arp_ignore=0'],
    ['server-arp-ignore', /arp_ignore is 0 on eth0/],
    { effect: 'latent' },
  ),
  onServer('server-dr', 'arp-ignore-3', ['sysctl -qw net.ipv4.conf.eth0.arp_ignore=3'], ['server-arp-ignore', /arp_ignore is 3 on eth0/], {
    effect: 'latent',
  }),
  onServer(
    'server-dr',
    'arp-announce',
    ['sysctl -qw net.ipv4.conf.all.arp_announce=0 net.ipv4.conf.eth0.arp_announce=1'],
    ['server-arp-announce', /arp_announce is 1 on eth0/],
    { effect: 'latent' },
  ),
  onServer(
    'server-two-ways',
    'second-answers',
    ['sysctl -qw net.ipv4.conf.eth2.arp_ignore=0'],
    ['server-arp-ignore', /arp_ignore is 0 on eth2, beside eth0/],
    { effect: 'latent', also: ['vip-duel'] },
  ),
];

const listens: readonly Fault[] = [
  onServer(
    'server-dr',
    'loopback',
    [CLOSE, { listen: 'tcp 127.0.0.1:80' }],
    ['server-listens-on-loopback', /listens on 127\.0\.0\.1 only/],
    {
      undo: [NO_NAT, ['s1', { close: 'tcp 127.0.0.1:80' }, LISTEN]],
    },
  ),
  onServer(
    'server-dr',
    'own-address',
    [CLOSE, { listen: 'tcp 10.31.0.11:80' }],
    ['server-listens-elsewhere', /only what is for 10\.31\.0\.11/],
    {
      undo: [NO_NAT, ['s1', { close: 'tcp 10.31.0.11:80' }, LISTEN]],
    },
  ),
  onServer(
    'server-dr',
    'other-port',
    [CLOSE, { listen: 'tcp 0.0.0.0:8081' }],
    ['server-not-listening', /no process listens on TCP port 80; .*8081/],
    {
      undo: [NO_NAT, ['s1', { close: 'tcp 0.0.0.0:8081' }, LISTEN]],
    },
  ),
  onServer('server-dr', 'ended', [CLOSE], ['server-not-listening', /no process listens on TCP port 80/], { repair: [['s1', LISTEN]] }),
  onServer(
    'server-by-hand',
    'redirect-to-nothing',
    [`iptables -t nat -I PREROUTING -d ${VIP} -p tcp --dport 80 -j REDIRECT --to-ports 8099`],
    ['server-not-listening', /no process listens on TCP port 8099/],
    { undo: [['s1', 'iptables -t nat -F']] },
  ),
  onServer(
    'server-nat',
    'loopback',
    [{ close: 'tcp 10.33.0.11:8080' }, { listen: 'tcp 127.0.0.1:8080' }],
    ['server-listens-on-loopback', /127\.0\.0\.1 only/],
    {
      undo: [NO_NAT, ['s1', { close: 'tcp 127.0.0.1:8080' }, { listen: 'tcp 10.33.0.11:8080' }]],
    },
  ),
];

const filters: readonly Fault[] = [
  onServer(
    'server-dr',
    'input-drop',
    [`iptables -A INPUT -d ${VIP} -j DROP`],
    ['server-filter', /-d 10\.31\.0\.80\/32 -j DROP.*iptables filter INPUT/],
    {
      undo: [['s1', 'iptables -F']],
    },
  ),
  onServer(
    'server-dr',
    'input-reject',
    ['iptables -A INPUT -p tcp --dport 80 -j REJECT --reject-with tcp-reset'],
    ['server-filter', /--dport 80 -j REJECT/],
    {
      undo: [['s1', 'iptables -F']],
    },
  ),
  onServer(
    'server-dr',
    'raw-drop',
    ['iptables -t raw -A PREROUTING -p tcp -m tcp --dport 80 -j DROP'],
    ['server-filter', /iptables raw PREROUTING/],
    {
      undo: [['s1', 'iptables -t raw -F']],
    },
  ),
  onServer(
    'server-dr',
    'output-drop',
    [`iptables -A OUTPUT -s ${VIP} -j DROP`],
    ['server-filter', /drops answers from TCP 10\.31\.0\.80:80/],
    {
      undo: [['s1', 'iptables -F']],
    },
  ),
  onServer(
    'server-dr',
    'default-deny',
    [
      'nft add table inet f',
      "nft add chain inet f in '{ type filter hook input priority 0; policy drop; }'",
      'nft add rule inet f in ct state vmap { established : accept, related : accept, invalid : drop }',
      'nft add rule inet f in iif lo accept',
      'nft add rule inet f in tcp dport { 22, 443 } accept',
    ],
    ['server-filter', /policy drop.*nft inet f in/],
    { undo: [['s1', 'nft delete table inet f']] },
  ),
  onServer(
    'server-dr',
    'output-default-deny',
    [
      'nft add table inet f',
      "nft add chain inet f out '{ type filter hook output priority 0; policy drop; }'",
      'nft add rule inet f out udp dport 53 accept',
      'nft add rule inet f out oifname lo accept',
    ],
    ['server-filter', /drops answers from TCP 10\.31\.0\.80:80: policy drop/],
    { undo: [['s1', 'nft delete table inet f']], also: ['server-gateway-silent'] },
  ),
  onServer(
    'server-dr',
    'ingress-drop',
    [
      'nft add table netdev n',
      "nft add chain netdev n i '{ type filter hook ingress device eth0 priority 0; }'",
      `nft add rule netdev n i ip daddr ${VIP} drop`,
    ],
    ['server-filter', /nft netdev n i/],
    { undo: [['s1', 'nft delete table netdev n']] },
  ),
  onServer(
    'server-nat',
    'input-drop',
    ['nft insert rule inet f in tcp dport 8080 drop'],
    ['server-filter', /"tcp dport 8080 drop" \(nft inet f in\)/],
  ),
  onServer(
    'server-nat',
    'output-drop',
    ['iptables -A OUTPUT -p tcp --sport 8080 -j DROP'],
    ['server-filter', /drops answers from TCP 10\.33\.0\.11:8080/],
    {
      undo: [['s1', 'iptables -F']],
    },
  ),
];

const ways: readonly Fault[] = [
  onServer(
    'server-two-ways',
    'strict',
    ['sysctl -qw net.ipv4.conf.eth0.rp_filter=1'],
    ['server-reverse-path', /dropped on eth0: rp_filter is 1.*uses eth1/],
    {
      undo: [['s1', 'sysctl -qw net.ipv4.conf.eth0.rp_filter=2']],
    },
  ),
  onServer(
    'server-dr',
    'gateway-is-director',
    ['ip route replace default via 10.31.0.2'],
    ['server-gateway-is-director', /gateway 10\.31\.0\.2 is the director/],
    {
      repair: [['s1', 'ip route replace default via 10.31.0.1']],
    },
  ),
  onServer(
    'server-dr',
    'gateway-silent',
    ['ip route replace default via 10.31.0.99'],
    ['server-gateway-silent', /gateway 10\.31\.0\.99 does not answer ARP on eth0/],
    {
      repair: [['s1', 'ip route replace default via 10.31.0.1']],
    },
  ),
  onServer('server-dr', 'gateway-none', ['ip route del default'], ['server-no-gateway', /there is no default route/], {
    repair: [['s1', 'ip route add default via 10.31.0.1']],
  }),
  onServer(
    'server-dr',
    'gateway-neighbour',
    ['ip neigh replace 10.31.0.1 lladdr 02:00:00:00:de:ad dev eth0 nud permanent'],
    ['server-gateway-neighbour', /answers go to 02:00:00:00:de:ad, not to the gateway 10\.31\.0\.1/],
  ),
  onServer(
    'server-dr',
    'blackhole',
    ['ip route del default; ip route add default via 10.31.0.1 metric 100; ip route add blackhole default metric 50'],
    ['server-no-way-back', /is blackhole default/],
    { repair: [['s1', 'ip route del blackhole default metric 50']] },
  ),
  onServer(
    'server-dr',
    'policy-route',
    [`ip rule add from ${VIP} lookup 77; ip route add unreachable default table 77`],
    ['server-no-way-back', /is unreachable default/],
    { undo: [['s1', `ip rule del from ${VIP} lookup 77`]] },
  ),
  onServer(
    'server-nat',
    'gateway-elsewhere',
    ['ip route replace default via 10.33.0.254'],
    ['server-gateway-not-director', /gateway is 10\.33\.0\.254, not the director 10\.33\.0\.1/],
  ),
  onServer('server-nat', 'gateway-none', ['ip route del default'], ['server-gateway-not-director', /there is no default route/]),
];

export const faults: readonly Fault[] = [...vip, ...arp, ...listens, ...filters, ...ways];
