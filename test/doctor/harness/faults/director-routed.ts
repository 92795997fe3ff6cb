// Faults between a director and its clients, of UDP servers, and of VS/DR.
import { faultOf } from '../fault-of.js';
import type { Fault } from '../types.js';

const routed = faultOf('director', 'director-routed');
const VIP = '198.51.100.80';

const clients: readonly Fault[] = [
  routed(
    'no-default-route',
    [['director', 'ip route del default']],
    'client-unroutable',
    /sends no answer to 203\.0\.113\.20: this host has no route/,
    {
      repair: [['director', 'ip route add default via 198.51.100.1']],
    },
  ),
  routed('blackhole-default', [['director', 'ip route replace blackhole default']], 'client-unroutable', /is blackhole default/, {
    repair: [['director', 'ip route replace default via 198.51.100.1']],
  }),
  routed(
    'blackhole-clients',
    [['director', 'ip route add blackhole 203.0.113.0/24']],
    'client-unroutable',
    /is blackhole 203\.0\.113\.0\/24/,
  ),
  routed(
    'dead-router',
    [['director', 'ip route replace default via 198.51.100.99']],
    'gateway-unanswered',
    /no host answers ARP for 198\.51\.100\.99 on eth0/,
    {
      repair: [['director', 'ip route replace default via 198.51.100.1']],
    },
  ),
  routed(
    'wrong-mac-of-router',
    [['director', 'ip neigh replace 198.51.100.1 lladdr 02:00:00:00:99:99 dev eth0 nud permanent']],
    'gateway-unanswered',
    /permanent entry 02:00:00:00:99:99 for 198\.51\.100\.1/,
  ),
  routed(
    'policy-route',
    [['director', 'ip route add unreachable default table 77', `ip rule add from ${VIP} table 77`]],
    'client-unroutable',
    /is unreachable default/,
    {
      undo: [['director', `ip rule del from ${VIP} table 77`]],
    },
  ),
  routed('router-down', [['router', 'ip link set eth1 down']], 'gateway-unanswered', /no host answers ARP for 198\.51\.100\.1 on eth0/, {
    repair: [['router', 'ip link set eth1 up']],
  }),
];

const udp: readonly Fault[] = [
  routed(
    'udp-closed',
    [['s1', { close: 'udp 0.0.0.0:53' }]],
    'server-unreachable',
    /UDP .* → 10\.21\.0\.11:53 does not answer: either no process listens on UDP port 53/,
    {
      repair: [['s1', { listen: 'udp 0.0.0.0:53' }]],
    },
  ),
  routed(
    'udp-prohibited',
    [['s1', 'iptables -A INPUT -p udp --dport 53 -j REJECT --reject-with icmp-admin-prohibited']],
    'server-unreachable',
    /a packet filter there rejects UDP port 53/,
    {
      repair: [['s1', 'iptables -F']],
    },
  ),
  routed(
    'udp-gateway',
    [['s1', 'ip route replace default via 10.21.0.99']],
    'server-answers-elsewhere',
    /gateway to other networks is not 10\.21\.0\.1/,
  ),
  routed('udp-server-unplugged', [['s1', 'ip link set eth0 down']], 'server-unreachable', /no host answers ARP for 10\.21\.0\.11/, {
    repair: [['s1', 'ip link set eth0 up', 'ip route add default via 10.21.0.1']],
  }),
];

const datagram = faultOf('director', 'director-dr-udp');
const directUdp: readonly Fault[] = [
  // The socket stays bound to the VIP.
  datagram('without-vip', [['s1', 'weir realserver stop --vip 10.31.0.80']], 'server-without-vip', /either the VIP is not on its lo/),
  datagram('closed', [['s1', { close: 'udp 10.31.0.80:53' }]], 'server-unreachable', /either no process listens on UDP port 53/, {
    repair: [['s1', { listen: 'udp 10.31.0.80:53' }]],
  }),
];

const direct = faultOf('director', 'dr', 'director-dr');
const EDIT = 'ipvsadm -e -t 10.30.0.80:80';
const dr: readonly Fault[] = [
  direct(
    'server-ended',
    [['s1', { close: 'tcp 0.0.0.0:80' }]],
    'server-unreachable',
    /10\.30\.0\.11:80 does not serve the VIP: either no process listens on port 80/,
    {
      repair: [['s1', { listen: 'tcp 0.0.0.0:80' }]],
    },
  ),
  direct(
    'server-on-own-address',
    [['s1', { close: 'tcp 0.0.0.0:80' }, { listen: 'tcp 10.30.0.11:80' }]],
    'server-deaf-to-vip',
    /answers those to 10\.30\.0\.80:80 with RST/,
    {
      repair: [['s1', { close: 'tcp 10.30.0.11:80' }, { listen: 'tcp 0.0.0.0:80' }]],
    },
  ),
  direct(
    'port-dropped',
    [['s1', 'iptables -A INPUT -p tcp --dport 80 -j DROP']],
    'server-unreachable',
    /answers ping to 10\.30\.0\.80 and not TCP port 80: either a firewall there drops it/,
    {
      repair: [['s1', 'iptables -F']],
    },
  ),
  direct(
    'port-rejected',
    [['s1', 'iptables -A INPUT -p tcp --dport 80 -j REJECT']],
    'server-unreachable',
    /a packet filter there rejects TCP port 80/,
    {
      repair: [['s1', 'iptables -F']],
    },
  ),
  direct(
    'vip-rejected',
    [['s1', 'iptables -A INPUT -d 10.30.0.80 -j REJECT --reject-with icmp-host-prohibited']],
    'server-unreachable',
    /a packet filter there rejects TCP port 80/,
    {
      repair: [['s1', 'iptables -F']],
    },
  ),
  direct(
    'all-dropped',
    [['s1', 'iptables -A INPUT -i eth0 -j DROP']],
    'server-unreachable',
    /no answer: either a firewall drops the packets/,
    {
      repair: [['s1', 'iptables -F']],
    },
  ),
  direct('server-unplugged', [['s1', 'ip link set eth0 down']], 'server-unreachable', /no host answers ARP for 10\.30\.0\.11 on eth0/, {
    repair: [['s1', 'ip link set eth0 up', 'ip route add default via 10.30.0.1']],
  }),
  direct(
    'wrong-mac',
    [['director', 'ip neigh replace 10.30.0.11 lladdr 02:00:00:00:99:99 dev eth0 nud permanent']],
    'server-unreachable',
    /permanent entry/,
  ),
  direct(
    'server-forwards-vip',
    [['s1', 'weir realserver stop --vip 10.30.0.80', 'sysctl -qw net.ipv4.ip_forward=1']],
    'server-without-vip',
    /does not have the VIP|VIP is not on its lo/,
    {
      undo: [['s1', 'sysctl -qw net.ipv4.ip_forward=0']],
    },
  ),
  direct(
    'method-masq',
    [['director', `${EDIT} -r 10.30.0.11:80 -m`]],
    'method-wrong',
    /forwarded to by VS\/NAT .* 10\.30\.0\.11 takes packets for 10\.30\.0\.80 itself/,
    {
      also: ['forwarding-off'],
    },
  ),
  direct(
    'behind-router',
    [['director', 'ipvsadm -a -t 10.30.0.80:80 -r 198.51.100.77 -g']],
    'direct-route-behind-router',
    /198\.51\.100\.77 is behind the router 10\.30\.0\.1/,
    {
      repair: [['director', 'ipvsadm -d -t 10.30.0.80:80 -r 198.51.100.77']],
    },
  ),
  direct(
    'host-route-to-router',
    [['director', 'ip route add 10.30.0.11 via 10.30.0.1']],
    'direct-route-behind-router',
    /10\.30\.0\.11 is behind the router 10\.30\.0\.1/,
    {
      undo: [['director', 'ip route del 10.30.0.11 dev eth0']],
    },
  ),
  direct('vip-lost', [['director', 'weir vip del 10.30.0.80 --dev eth0']], 'vip-absent', /VIP 10\.30\.0\.80 is on no interface/),
  direct('quiesced', [['director', `${EDIT} -r 10.30.0.11:80 -g -w 0`]], 'destination-quiesced', /its weight is 0/),
  direct(
    'router-has-vip',
    [['router', 'ip addr add 10.30.0.80/32 dev eth1']],
    'vip-answered-by-other',
    /it is the router 10\.30\.0\.1: proxy ARP is on there, or it has the address/,
    {
      repair: [['router', 'ip addr del 10.30.0.80/32 dev eth1']],
    },
  ),
];

export const faults: readonly Fault[] = [...clients, ...udp, ...directUdp, ...dr];
