// Servers that do not answer, as the director sees it: processes, packet filters, gateways, cables.
import { faultOf } from '../fault-of.js';
import type { Fault, Steps } from '../types.js';

const nat = faultOf('server', 'nat');
const dr = faultOf('server', 'dr');
const many = faultOf('server', 'nat-many-ports');
const s1 = (command: string): Steps => [['s1', command]];
const flush = s1('iptables -F; iptables -P INPUT ACCEPT');
const plugged = (port: string): Steps => [['wires', `ip link set ${port} up`]];

export const faults: readonly Fault[] = [
  nat('policy-drops-all', s1('iptables -P INPUT DROP'), 'server-unreachable', /10\.20\.0\.11:8080/, { repair: flush }),
  nat(
    'all-servers-ended',
    [
      ['s1', { close: 'tcp 0.0.0.0:8080' }],
      ['s2', { close: 'tcp 0.0.0.0:8080' }],
    ],
    'server-unreachable',
    /no process listens on 10\.20\.0\.1[12]:8080/,
    {
      repair: [
        ['s1', { listen: 'tcp 0.0.0.0:8080' }],
        ['s2', { listen: 'tcp 0.0.0.0:8080' }],
      ],
    },
  ),
  nat('gateway-missing', s1('ip route del default'), 'server-answers-elsewhere', /gateway to other networks is not 10\.20\.0\.1/),
  nat(
    'gateway-is-other-server',
    s1('ip route replace default via 10.20.0.12'),
    'server-answers-elsewhere',
    /gateway to other networks is not 10\.20\.0\.1/,
  ),
  nat('cable-out', [['wires', 'ip link set s1-eth0 down']], 'server-unreachable', /no host answers ARP for 10\.20\.0\.11 on eth1/, {
    repair: plugged('s1-eth0'),
  }),
  nat(
    'cables-of-all-out',
    [['wires', 'ip link set s1-eth0 down; ip link set s2-eth0 down']],
    'server-unreachable',
    /no host answers ARP for 10\.20\.0\.1[12] on eth1/,
    { repair: [['wires', 'ip link set s1-eth0 up; ip link set s2-eth0 up']] },
  ),
  nat(
    'port-isolated',
    [['wires', 'bridge link set dev s1-eth0 isolated on; bridge link set dev director-eth1 isolated on']],
    'server-unreachable',
    /no host answers ARP for 10\.20\.0\.11/,
    {
      repair: [['wires', 'bridge link set dev s1-eth0 isolated off; bridge link set dev director-eth1 isolated off']],
    },
  ),
  {
    ...nat('arp-ignored-by-server', s1('sysctl -qw net.ipv4.conf.eth0.arp_ignore=8'), 'server-arp-silent', /10\.20\.0\.11 answers no ARP/, {
      effect: 'latent',
      repair: s1('sysctl -qw net.ipv4.conf.eth0.arp_ignore=0'),
    }),
    expect: [
      { at: 'director', code: 'server-arp-silent', matches: /10\.20\.0\.11 answers no ARP/ },
      { at: 's1', code: 'server-arp-ignored', matches: /arp_ignore is 8/ },
    ],
  },
  dr('cable-out', [['wires', 'ip link set s2-eth0 down']], 'server-unreachable', /no host answers ARP for 10\.30\.0\.12 on eth0/, {
    repair: plugged('s2-eth0'),
  }),
  many('dead-in-many-services', s1('ip link set eth0 down'), 'server-unreachable', /no host answers ARP for 10\.20\.0\.11 on eth1/, {
    repair: s1('ip link set eth0 up; ip route add default via 10.20.0.1'),
  }),
  many(
    'ended-in-many-services',
    [['s2', { close: 'tcp 0.0.0.0:8080' }]],
    'server-unreachable',
    /no process listens on 10\.20\.0\.12:8080/,
    {
      repair: [['s2', { listen: 'tcp 0.0.0.0:8080' }]],
    },
  ),
  many('gateway-of-many-services', s1('ip route del default'), 'server-answers-elsewhere', /gateway to other networks is not 10\.20\.0\.1/),
  faultOf('server', 'dr-servers-nft-redirect')('redirect-gone', s1('nft flush ruleset'), 'server-without-vip', /10\.30\.0\.11/),
];
