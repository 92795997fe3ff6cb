// The first faults of each topic, as examples.
import type { Fault } from '../types.js';

export const faults: readonly Fault[] = [
  {
    name: 'nat-gateway-elsewhere',
    topic: 'server',
    on: 'nat',
    breaks: [['s1', 'ip route replace default via 10.20.0.254']],
    expect: [
      { at: 'director', code: 'server-answers-elsewhere', matches: /10\.20\.0\.11:8080 .*gateway to other networks is not 10\.20\.0\.1/ },
      { at: 's1', code: 'server-gateway-not-director', matches: /gateway is 10\.20\.0\.254, not the director 10\.20\.0\.1/ },
    ],
  },
  {
    name: 'nat-server-ended',
    topic: 'director',
    on: 'nat',
    breaks: [['s2', { close: 'tcp 0.0.0.0:8080' }]],
    expect: [{ at: 'director', code: 'server-unreachable', matches: /10\.20\.0\.12:8080 .*no process listens on 10\.20\.0\.12:8080/ }],
    repair: [['s2', { listen: 'tcp 0.0.0.0:8080' }]],
  },
  {
    name: 'nat-vip-gone',
    topic: 'director',
    on: 'nat',
    breaks: [['director', 'weir vip del 198.51.100.80 --dev eth0']],
    expect: [{ at: 'director', code: 'vip-absent', matches: /198\.51\.100\.80 is on no interface/ }],
  },
  {
    name: 'dr-server-without-vip',
    topic: 'server',
    on: 'dr',
    breaks: [['s1', 'ip addr del 10.30.0.80/32 dev lo']],
    expect: [{ at: 'director', code: 'server-without-vip', matches: /10\.30\.0\.11:80 does not serve the VIP/ }],
  },
  {
    name: 'dr-server-answers-arp',
    topic: 'server',
    on: 'dr',
    breaks: [['s1', 'sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.eth0.arp_ignore=0']],
    // Clients behind the router go on until its neighbour entry is replaced by the wrong answer.
    effect: 'latent',
    expect: [
      { at: 'director', code: 'vip-answered-by-server', matches: /real server 10\.30\.0\.11 answers ARP for VIP 10\.30\.0\.80/ },
      { at: 's1', code: 'server-arp-ignore', matches: /arp_ignore is 0 on eth0/, also: ['vip-duel'] },
    ],
  },
  {
    name: 'vrrp-adverts-dropped',
    topic: 'vrrp',
    on: 'vrrp',
    breaks: [
      ['n2', 'iptables -A INPUT -p 112 -j DROP'],
      ['n2', 'for i in $(seq 600); do ip -4 -o addr show | grep -q 10.40.0.80 && break; sleep 0.1; done'],
    ],
    effect: 'latent',
    expect: [
      {
        at: 'n2',
        code: 'vrrp-split-brain',
        matches: /10\.40\.0\.11 .*answers for it, too.*rule "-p (112|vrrp) -j DROP".*fix: iptables -I INPUT -p 112/,
      },
    ],
    undo: [['n2', 'iptables -F INPUT']],
  },
];
