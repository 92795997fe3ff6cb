// Faults of a real server's host, seen by doctor there: interfaces, addresses, routes of VS/NAT, MTU.
import { onServer } from '../fault-of.js';
import type { Fault } from '../types.js';

const VIP = '10.31.0.80';
const DR_AGAIN = 'ip route replace default via 10.31.0.1';

const interfaces: readonly Fault[] = [
  onServer('server-dr', 'interface-down', ['ip link set eth0 down'], ['interface-down', /eth0 is down/], {
    afterwards: [['s1', DR_AGAIN]],
  }),
  onServer('server-nat', 'interface-down', ['ip link set eth0 down'], ['interface-down', /eth0 is down/], {
    afterwards: [['s1', 'ip route replace default via 10.33.0.1']],
  }),
  {
    ...onServer('server-dr', 'cable-out', [], ['interface-no-carrier', /eth0 has no carrier/]),
    breaks: [['wires', 'ip link set s1-eth0 down']],
    repair: [['wires', 'ip link set s1-eth0 up']],
  },
  onServer('server-dr', 'arp-off', ['ip link set eth0 arp off'], ['interface-no-arp', /ARP is off at eth0/], { effect: 'latent' }),
  onServer('server-nat', 'address-gone', ['ip addr flush dev eth0'], ['server-without-address', /eth0 has no IPv4 address/], {
    repair: [['s1', 'ip addr add 10.33.0.11/24 dev eth0; ip route replace default via 10.33.0.1']],
  }),
  onServer('server-dr', 'address-gone', ['ip addr flush dev eth0'], ['server-without-address', /eth0 has no IPv4 address/], {
    repair: [['s1', `ip addr add 10.31.0.11/24 dev eth0; ${DR_AGAIN}`]],
  }),
  {
    ...onServer('server-dr', 'address-taken', [], ['address-answered-twice', /answers ARP for 10\.31\.0\.11, an address of this host/], {
      effect: 'latent',
    }),
    breaks: [['s2', 'ip addr add 10.31.0.11/32 dev eth0']],
    repair: [['s2', 'ip addr del 10.31.0.11/32 dev eth0']],
  },
  onServer(
    'server-dr',
    'mtu-too-large',
    ['ip link set eth0 mtu 9000'],
    ['mtu-black-hole', /packets of 9000 bytes do not get to the gateway 10\.31\.0\.1/],
    {
      effect: 'latent',
      repair: [['s1', 'ip link set eth0 mtu 1500']],
    },
  ),
];

const vips: readonly Fault[] = [
  onServer(
    'server-dr',
    'vip-mistyped',
    [`ip addr del ${VIP}/32 dev lo; ip addr add 10.31.0.8/32 dev lo`],
    ['server-vip-absent', /VIP 10\.31\.0\.80 is not on this host/],
    { undo: [['s1', 'ip addr del 10.31.0.8/32 dev lo']] },
  ),
  onServer(
    'server-dr',
    'sysctls-of-lo-alone',
    ['sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.eth0.arp_ignore=0 net.ipv4.conf.lo.arp_ignore=1'],
    ['server-arp-ignore', /arp_ignore is 0 on eth0/],
    { effect: 'latent' },
  ),
];

const ways: readonly Fault[] = [
  onServer(
    'server-nat',
    'policy-route',
    [
      'ip rule add from 10.33.0.11 lookup 100; ip route add 10.33.0.0/24 dev eth0 table 100; ip route add default via 10.33.0.254 table 100',
    ],
    ['server-gateway-not-director', /answers from 10\.33\.0\.11 to clients go to 10\.33\.0\.254, not to the director 10\.33\.0\.1/],
    { repair: [['s1', 'ip rule del from 10.33.0.11 lookup 100']] },
  ),
  onServer(
    'server-nat',
    'blackhole-first',
    ['ip route del default; ip route add default via 10.33.0.1 metric 100; ip route add blackhole default metric 50'],
    ['server-gateway-not-director', /is blackhole default/],
    { repair: [['s1', 'ip route del blackhole default metric 50']] },
  ),
  onServer(
    'server-nat',
    'gateway-neighbour',
    ['ip neigh replace 10.33.0.1 lladdr 02:00:00:00:de:ad dev eth0 nud permanent'],
    ['server-gateway-neighbour', /answers go to 02:00:00:00:de:ad, not to the gateway 10\.33\.0\.1/],
  ),
  onServer(
    'server-nat',
    'not-listening',
    [{ close: 'tcp 10.33.0.11:8080' }],
    ['server-not-listening', /no process listens on TCP port 8080/],
    {
      repair: [['s1', { listen: 'tcp 10.33.0.11:8080' }]],
    },
  ),
];

const filters: readonly Fault[] = [
  onServer(
    'server-dr',
    'drops-new',
    ['iptables -A INPUT -p tcp --dport 80 -m conntrack --ctstate NEW -j DROP'],
    ['server-filter', /--ctstate NEW -j DROP/],
    { undo: [['s1', 'iptables -F']] },
  ),
  onServer(
    'server-dr',
    'accepts-new-only',
    ['iptables -A INPUT -p tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT', 'iptables -A INPUT -p tcp --dport 80 -j DROP'],
    ['server-filter', /drops the later packets of connections to TCP 10\.31\.0\.80:80.*"-p tcp -m tcp --dport 80 -j DROP"/],
    { undo: [['s1', 'iptables -F']] },
  ),
  onServer(
    'server-nat',
    'drops-established',
    ['nft insert rule inet f in tcp dport 8080 ct state established ct direction original drop'],
    ['server-filter', /drops the later packets of connections to TCP 10\.33\.0\.11:8080/],
    {
      undo: [
        [
          's1',
          'nft delete rule inet f in handle $(nft -a list chain inet f in | grep "direction original" | sed "s/.*handle //") 2>/dev/null; true',
        ],
      ],
    },
  ),
  onServer('server-dr', 'drops-syn', ['iptables -A INPUT -p tcp -m tcp --syn -j DROP'], ['server-filter', /SYN -j DROP/], {
    undo: [['s1', 'iptables -F']],
  }),
  onServer(
    'server-dr',
    'mangle-drop',
    ['iptables -t mangle -A PREROUTING -d 10.31.0.80 -j DROP'],
    ['server-filter', /iptables mangle PREROUTING/],
    {
      undo: [['s1', 'iptables -t mangle -F']],
    },
  ),
  onServer(
    'server-nat',
    'drops-source',
    ['nft insert rule inet f in ip saddr != 10.33.0.0/24 drop'],
    ['server-filter', /ip saddr != 10\.33\.0\.0\/24 drop/],
    {
      open: 'the clients are not known here: a rule that drops some of them is not reported',
      undo: [
        ['s1', 'nft delete rule inet f in handle $(nft -a list chain inet f in | grep "saddr !=" | sed "s/.*handle //") 2>/dev/null; true'],
      ],
    },
  ),
];

export const faults: readonly Fault[] = [...interfaces, ...vips, ...ways, ...filters];
