// The director's own ways: routes, rules, neighbours, interfaces and cables towards servers and clients.
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const nat = faultOf('path', 'nat');
const dr = faultOf('path', 'dr');
const far = faultOf('path', 'nat-far-clients');
const behind = faultOf('path', 'nat-servers-behind-router');
const director = (...commands: readonly string[]) => [['director', commands.join('; ')]] as const;

/** Until no packet came for some seconds. */
const quiet = [
  'director',
  `for i in $(seq 150); do ipvsadm -Lnc | awk '
     { left["SYN_RECV"] = "00:56"; left["ESTABLISHED"] = "14:56"; left["FIN_WAIT"] = "01:56"; left["TIME_WAIT"] = "01:56"; left["CLOSE"] = "00:06"
       left["CLOSE_WAIT"] = "00:56"; left["LAST_ACK"] = "00:26" }
     $1 == "TCP" && $2 > left[$3] { busy = 1 } END { exit busy }' && exit 0; sleep 0.1; done; exit 1`,
] as const;

export const faults: readonly Fault[] = [
  nat('back-arp-off', director('ip link set eth1 arp off', 'ip neigh flush all'), 'interface-no-arp', /eth1/),
  nat('back-cable-out', [['wires', 'ip link set director-eth1 down']], 'interface-no-carrier', /eth1/, {
    repair: [['wires', 'ip link set director-eth1 up']],
  }),
  nat('front-cable-out', [['wires', 'ip link set director-eth0 down']], 'interface-no-carrier', /eth0/, {
    repair: [['wires', 'ip link set director-eth0 up']],
  }),
  nat(
    'front-arp-off',
    [
      ['director', 'ip link set eth0 arp off'],
      ['client', 'ip neigh flush all'],
    ],
    'interface-no-arp',
    /eth0/,
  ),
  nat(
    'client-neighbour-wrong',
    director('ip neigh replace 198.51.100.20 lladdr 02:00:00:00:de:ad nud permanent dev eth0'),
    'neighbour-wrong',
    /permanent entry 02:00:00:00:de:ad for it on eth0/,
  ),
  far('policy-blackhole', director('ip rule add from 198.51.100.80 blackhole'), 'client-unroutable', /blackhole/, {
    repair: director('ip rule del from 198.51.100.80 blackhole'),
  }),
  far('clients-route-dead', director('ip route add 203.0.113.0/24 via 198.51.100.77'), 'gateway-unanswered', /198\.51\.100\.77/, {
    repair: director('ip route del 203.0.113.0/24'),
  }),
  far('halves-blackholed', director('ip route add blackhole 128.0.0.0/1'), 'client-unroutable', /blackhole 128\.0\.0\.0\/1/),
  far(
    'router-cable-out',
    [['wires', 'ip link set router-eth1 down']],
    'gateway-unanswered',
    /no host answers ARP for 198\.51\.100\.1 on eth0/,
    {
      repair: [['wires', 'ip link set router-eth1 up']],
    },
  ),
  dr('director-cable-out', [['wires', 'ip link set director-eth0 down']], 'interface-no-carrier', /eth0/, {
    repair: [['wires', 'ip link set director-eth0 up']],
  }),
  dr(
    'vip-blackholed-in-front',
    [['router', 'ip route add blackhole 10.30.0.80/32'], quiet],
    'vip-not-led-here',
    /router 10\.30\.0\.1 does not send packets for VIP 10\.30\.0\.80 to this host/,
    { repair: [['router', 'ip route del blackhole 10.30.0.80/32']] },
  ),
  dr(
    'vip-unreachable-in-front',
    [['router', 'ip route add unreachable 10.30.0.80/32'], quiet],
    'vip-not-led-here',
    /it answers that it cannot reach it/,
    { repair: [['router', 'ip route del unreachable 10.30.0.80/32']] },
  ),
  dr(
    'vip-stale-in-front',
    [['router', 'ip neigh replace 10.30.0.80 lladdr 02:00:00:00:de:ad nud permanent dev eth1'], quiet],
    'vip-not-led-here',
    /either its route or its ARP entry for 10\.30\.0\.80 is wrong/,
    { repair: [['router', 'ip neigh del 10.30.0.80 dev eth1']] },
  ),
  far(
    'vip-filtered-in-front',
    [['router', 'iptables -A FORWARD -d 198.51.100.80 -j DROP'], quiet],
    'vip-not-led-here',
    /or a filter there drops them/,
    { repair: [['router', 'iptables -F FORWARD']] },
  ),
  behind('inner-router-down', [['inner', 'ip link set eth0 down']], 'server-unreachable', /router 10\.20\.0\.254.*no host answers ARP/, {
    repair: [['inner', 'ip link set eth0 up; ip route add default via 10.20.0.1']],
  }),
  behind(
    'inner-router-does-not-forward',
    [['inner', 'sysctl -qw net.ipv4.ip_forward=0']],
    'server-unreachable',
    /no answer: either a firewall drops the packets, or the answers take another route/,
    { repair: [['inner', 'sysctl -qw net.ipv4.ip_forward=1']] },
  ),
  faultOf('path', 'nat-two-uplinks')(
    'rule-gone',
    director('ip rule del from 192.0.2.0/24 lookup 102', 'sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth2.rp_filter=1'),
    'reverse-path-strict',
    /eth2/,
    { effect: 'latent', undo: director('ip rule add from 192.0.2.0/24 lookup 102') },
  ),
];
