// Faults of a VS/NAT director and of what it reaches.
import { faultOf } from '../fault-of.js';
import type { Fault, Steps } from '../types.js';

const SERVER = /10\.20\.0\.11:8080 does not answer/;
const flushed: Steps = [['s1', 'iptables -F']];

const fault = faultOf('director', 'nat', 'director-nat');

const servers: readonly Fault[] = [
  fault(
    'answers-refused',
    [['director', 'weir sysctl -w net.ipv4.vs.nat_icmp_send=1']],
    'nat-icmp-send',
    /checks of this director to masqueraded servers fail.*net\.ipv4\.vs\.nat_icmp_send is 1/,
    { effect: 'latent' },
  ),
  fault('server-unplugged', [['s1', 'ip link set eth0 down']], 'server-unreachable', /no host answers ARP for 10\.20\.0\.11 on eth1/, {
    repair: [['s1', 'ip link set eth0 up', 'ip route add default via 10.20.0.1']],
  }),
  fault(
    'server-other-address',
    [['s1', 'ip addr flush dev eth0', 'ip addr add 10.20.0.111/24 dev eth0', 'ip route replace default via 10.20.0.1']],
    'server-unreachable',
    /no host answers ARP for 10\.20\.0\.11 on eth1/,
    {
      repair: [['s1', 'ip addr flush dev eth0', 'ip addr add 10.20.0.11/24 dev eth0', 'ip route replace default via 10.20.0.1']],
    },
  ),
  fault(
    'port-dropped',
    [['s1', 'iptables -A INPUT -p tcp --dport 8080 -j DROP']],
    'server-unreachable',
    /answers ping and not TCP port 8080: either a firewall there drops it/,
    {
      repair: flushed,
    },
  ),
  fault(
    'all-dropped',
    [['s1', 'iptables -A INPUT -i eth0 -j DROP']],
    'server-unreachable',
    /no answer: either a firewall drops the packets/,
    {
      repair: flushed,
    },
  ),
  fault(
    'port-rejected',
    [['s1', 'iptables -A INPUT -p tcp --dport 8080 -j REJECT']],
    'server-unreachable',
    /a packet filter there rejects TCP port 8080 \(ICMP port unreachable/,
    {
      repair: flushed,
    },
  ),
  fault(
    'port-prohibited',
    [['s1', 'iptables -A INPUT -p tcp --dport 8080 -j REJECT --reject-with icmp-admin-prohibited']],
    'server-unreachable',
    /a packet filter there rejects TCP port 8080 \(ICMP host administratively prohibited|a packet filter there rejects TCP port 8080 \(ICMP communication/,
    { repair: flushed },
  ),
  fault(
    'host-prohibited',
    [['s1', 'iptables -A INPUT -i eth0 -j REJECT --reject-with icmp-host-prohibited']],
    'server-unreachable',
    /a packet filter there rejects TCP port 8080/,
    { repair: flushed },
  ),
  fault(
    'port-reset-by-filter',
    [['s1', 'iptables -A INPUT -p tcp --dport 8080 -j REJECT --reject-with tcp-reset']],
    'server-unreachable',
    /either no process listens on 10\.20\.0\.11:8080 there, or a packet filter there answers with RST/,
    { repair: flushed },
  ),
  fault(
    'nft-drops',
    [['s1', "nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c tcp dport 8080 drop'"]],
    'server-unreachable',
    /either a firewall there drops it/,
    { repair: [['s1', 'nft flush ruleset']] },
  ),
  fault(
    'server-on-loopback',
    [['s1', { close: 'tcp 0.0.0.0:8080' }, { listen: 'tcp 127.0.0.1:8080' }]],
    'server-unreachable',
    /either no process listens on 10\.20\.0\.11:8080 there/,
    {
      repair: [['s1', { close: 'tcp 127.0.0.1:8080' }, { listen: 'tcp 0.0.0.0:8080' }]],
    },
  ),
  fault('server-on-other-port', [['s1', { close: 'tcp 0.0.0.0:8080' }, { listen: 'tcp 0.0.0.0:8888' }]], 'server-unreachable', SERVER, {
    repair: [['s1', { close: 'tcp 0.0.0.0:8888' }, { listen: 'tcp 0.0.0.0:8080' }]],
  }),
  fault(
    'server-without-gateway',
    [['s1', 'ip route del default']],
    'server-answers-elsewhere',
    /either its gateway to other networks is not 10\.20\.0\.1/,
  ),
  fault(
    'server-filters-networks',
    [['s1', 'iptables -A INPUT -p tcp --dport 8080 ! -s 10.20.0.0/24 -j DROP']],
    'server-answers-elsewhere',
    /drops TCP connections from there: a firewall on 10\.20\.0\.11 does/,
    { repair: flushed },
  ),
  fault(
    'server-rejects-networks',
    [['s1', 'iptables -A INPUT -p tcp --dport 8080 ! -s 10.20.0.0/24 -j REJECT']],
    'server-answers-elsewhere',
    /a packet filter on 10\.20\.0\.11 rejects them/,
    { repair: flushed },
  ),
  fault(
    'server-rp-filter',
    [['s1', 'ip route replace default via 10.20.0.254', 'sysctl -qw net.ipv4.conf.all.rp_filter=1']],
    'server-answers-elsewhere',
    /gateway to other networks is not 10\.20\.0\.1/,
    { undo: [['s1', 'sysctl -qw net.ipv4.conf.all.rp_filter=0']] },
  ),
  fault(
    'duplicate-server',
    [['s2', 'ip addr add 10.20.0.11/32 dev eth0']],
    'server-answered-twice',
    /both answer ARP for real server 10\.20\.0\.11 .*answers for 10\.20\.0\.12, too/,
    {
      effect: 'latent',
      repair: [['s2', 'ip addr del 10.20.0.11/32 dev eth0']],
    },
  ),
  fault(
    'large-packets-dropped',
    [['s1', 'iptables -A INPUT -m length --length 1301: -j DROP']],
    'mtu-black-hole',
    /real server 10\.20\.0\.11.* answers ping of 1300 bytes and not of 1500/,
    {
      effect: 'latent',
      undo: [
        ['s1', 'iptables -F'],
        ['director', 'ip route del 10.20.0.11'],
      ],
    },
  ),
];

const EDIT = 'ipvsadm -e -t 198.51.100.80:80';
const ADD = 'ipvsadm -a -t 198.51.100.80:80';
const TABLE = `ipvsadm -A -t 198.51.100.80:80 -s rr; ${ADD} -r 10.20.0.11:8080 -m; ${ADD} -r 10.20.0.12:8080 -m`;
const DELETE = 'ipvsadm -d -t 198.51.100.80:80';

const table: readonly Fault[] = [
  fault(
    'port-mismatch',
    [['director', `${DELETE} -r 10.20.0.11:8080`, `${ADD} -r 10.20.0.11:80 -m`]],
    'server-unreachable',
    /nothing accepts connections on 10\.20\.0\.11:80, and port 8080 of that host does/,
  ),
  fault(
    'method-forgotten',
    [['director', `${DELETE} -r 10.20.0.11:8080`, `${ADD} -r 10.20.0.11 -g`]],
    'method-wrong',
    /forwarded to by VS\/DR .* answers through this director, as VS\/NAT needs/,
  ),
  fault(
    'weights-zero',
    [['director', `${EDIT} -r 10.20.0.11:8080 -m -w 0`, `${EDIT} -r 10.20.0.12:8080 -m -w 0`]],
    'weights-zero',
    /TCP 198\.51\.100\.80:80 takes no new connection/,
  ),
  fault(
    'one-weight-zero',
    [['director', `${EDIT} -r 10.20.0.11:8080 -m -w 0`]],
    'destination-quiesced',
    /10\.20\.0\.11:8080 takes no new connection: its weight is 0/,
  ),
  fault(
    'service-empty',
    [['director', `${DELETE} -r 10.20.0.11:8080`, `${DELETE} -r 10.20.0.12:8080`]],
    'service-empty',
    /TCP 198\.51\.100\.80:80 serves no client/,
    {
      repair: [['director', `${ADD} -r 10.20.0.11:8080 -m`, `${ADD} -r 10.20.0.12:8080 -m`]],
    },
  ),
  fault(
    'server-is-director',
    [['director', `${ADD} -r 10.20.0.1:8080 -m`]],
    'server-is-director',
    /10\.20\.0\.1 is an address of this director/,
  ),
  fault('server-is-vip', [['director', `${ADD} -r 198.51.100.80:8080 -m`]], 'server-is-director', /198\.51\.100\.80 is the VIP itself/),
  fault(
    'dead-server-added',
    [['director', `${ADD} -r 10.20.0.77:8080 -m`]],
    'server-unreachable',
    /no host answers ARP for 10\.20\.0\.77 on eth1/,
    {
      repair: [['director', `${DELETE} -r 10.20.0.77:8080`]],
    },
  ),
  fault(
    'server-nowhere',
    [['director', `${ADD} -r 203.0.113.7:8080 -m`]],
    'server-unreachable',
    /203\.0\.113\.7:8080 does not answer: this host has no route to it/,
    {
      repair: [['director', `${DELETE} -r 203.0.113.7:8080`]],
    },
  ),
  fault(
    'service-of-other-address',
    [
      [
        'director',
        'ipvsadm -A -t 198.51.100.81:80 -s rr',
        'ipvsadm -a -t 198.51.100.81:80 -r 10.20.0.11:8080 -m',
        'ipvsadm -a -t 198.51.100.81:80 -r 10.20.0.12:8080 -m',
        'ipvsadm -D -t 198.51.100.80:80',
      ],
    ],
    'vip-absent',
    /VIP 198\.51\.100\.81 is on no interface: this host has 198\.51\.100\.80, which no service has/,
    { repair: [['director', `${TABLE}; ipvsadm -D -t 198.51.100.81:80`]] },
  ),
];

const host: readonly Fault[] = [
  fault(
    'wrong-mac',
    [['director', 'ip neigh replace 10.20.0.11 lladdr 02:00:00:00:99:99 dev eth1 nud permanent']],
    'server-unreachable',
    /permanent entry 02:00:00:00:99:99 for 10\.20\.0\.11 on eth1/,
  ),
  fault(
    'route-blackhole',
    [['director', 'ip route add blackhole 10.20.0.8/29']],
    'server-unreachable',
    /to it is blackhole 10\.20\.0\.8\/29/,
  ),
  fault('route-prohibit', [['director', 'ip route add prohibit 10.20.0.11']], 'server-unreachable', /to it is prohibit 10\.20\.0\.11\/32/),
  fault(
    'route-unreachable',
    [['director', 'ip route add unreachable 10.20.0.11/32']],
    'server-unreachable',
    /to it is unreachable 10\.20\.0\.11\/32/,
  ),
  fault(
    'route-elsewhere',
    [['director', 'ip route add 10.20.0.11 dev eth0']],
    'server-unreachable',
    /answers ARP for 10\.20\.0\.11 on eth0, where the route leads, and one does on eth1/,
  ),
  fault('servers-interface-down', [['director', 'ip link set eth1 down']], 'interface-down', /eth1 is down: it leads to 10\.20\.0\.1/),
  fault('clients-interface-down', [['director', 'ip link set eth0 down']], 'interface-down', /eth0 is down: it leads to 198\.51\.100\.80/),
  fault('address-gone', [['director', 'ip addr del 10.20.0.1/24 dev eth1']], 'server-unreachable', /eth1, which has no IPv4 address/, {
    repair: [['director', 'ip addr add 10.20.0.1/24 dev eth1']],
  }),
  fault('arp-off', [['director', 'ip link set eth1 arp off', 'ip neigh flush dev eth1']], 'interface-no-arp', /ARP is off at eth1/),
  fault('forwarding-off', [['director', 'sysctl -qw net.ipv4.ip_forward=0']], 'forwarding-off', /ip_forward is 0/, { effect: 'latent' }),
  fault(
    'vip-too-wide',
    [['director', 'ip addr del 198.51.100.80/32 dev eth0', 'ip addr add 198.51.100.80/8 dev eth0']],
    'vip-prefix',
    /198\.51\.100\.80\/8 makes more than eth0's own subnet local/,
    {
      effect: 'latent',
    },
  ),
  fault(
    'vip-on-wrong-interface',
    [
      [
        'director',
        'ip addr del 198.51.100.80/32 dev eth0',
        'ip addr add 198.51.100.80/32 dev eth1',
        'sysctl -qw net.ipv4.conf.eth0.arp_ignore=1',
      ],
      ['client', 'ip neigh flush all'],
    ],
    'vip-wrong-interface',
    /VIP 198\.51\.100\.80 is on eth1, and its subnet is on eth0: arp_ignore is 1/,
    { undo: [['director', 'sysctl -qw net.ipv4.conf.eth0.arp_ignore=0']] },
  ),
  fault(
    'vip-on-lo',
    [
      [
        'director',
        'ip addr del 198.51.100.80/32 dev eth0',
        'ip addr add 198.51.100.80/32 dev lo',
        'sysctl -qw net.ipv4.conf.all.arp_ignore=1',
      ],
      ['client', 'ip neigh flush all'],
    ],
    'vip-on-lo',
    /VIP 198\.51\.100\.80 is on lo/,
    { undo: [['director', 'sysctl -qw net.ipv4.conf.all.arp_ignore=0']] },
  ),
  fault(
    'arp-ignored',
    [
      ['director', 'sysctl -qw net.ipv4.conf.eth0.arp_ignore=8'],
      ['client', 'ip neigh flush all'],
    ],
    'vip-arp-ignored',
    /arp_ignore is 8/,
  ),
  fault('vip-twice', [['director', 'ip addr add 198.51.100.80/32 dev eth1']], 'vip-twice', /VIP 198\.51\.100\.80 is on two interfaces/, {
    effect: 'latent',
  }),
  fault(
    'vip-elsewhere',
    [['client', 'ip addr add 198.51.100.80/32 dev eth0']],
    'vip-answered-by-other',
    /answers ARP for VIP 198\.51\.100\.80 on eth0/,
    {
      repair: [['client', 'ip addr del 198.51.100.80/32 dev eth0']],
    },
  ),
  fault(
    'address-elsewhere',
    [['client', 'ip addr add 198.51.100.2/32 dev eth0']],
    'address-answered-twice',
    /answers ARP for 198\.51\.100\.2, an address of this host, on eth0/,
    {
      effect: 'latent',
      repair: [['client', 'ip addr del 198.51.100.2/32 dev eth0']],
    },
  ),
  fault(
    'new-interface',
    [['director', 'ip link add br9 type bridge', 'ip addr add 192.168.77.1/24 dev br9', 'ip link set br9 up']],
    'interface-uncovered',
    /br9 is not covered/,
    {
      effect: 'latent',
      undo: [['director', 'ip link del br9']],
    },
  ),
  fault(
    'mac-changed',
    [
      ['director', 'ip link set eth0 address 02:00:00:00:aa:01'],
      ['client', 'ip neigh flush all'],
    ],
    'interface-changed',
    /eth0/,
    { effect: 'latent' },
  ),
  fault(
    'rule-bypassed',
    [['director', "nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c tcp dport 80 drop'"]],
    'filter-bypassed',
    /tcp dport 80 drop/,
    { effect: 'latent', repair: [['director', 'nft flush ruleset']] },
  ),
  fault(
    'default-deny-bypassed',
    [
      [
        'director',
        "nft 'add table ip t; add chain ip t c { type filter hook input priority 0; policy drop; }; add rule ip t c ct state established,related accept; add rule ip t c ip protocol icmp accept; add rule ip t c tcp dport 22 accept'",
      ],
    ],
    'filter-bypassed',
    /policy drop/,
    { effect: 'latent', repair: [['director', 'nft flush ruleset']] },
  ),
];

export const faults: readonly Fault[] = [...servers, ...table, ...host];
