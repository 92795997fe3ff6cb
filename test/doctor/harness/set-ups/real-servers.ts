// Working real servers, each one that takes its packets in another way.
import type { HostPlan, SetUp } from '../types.js';

const VIP = '10.31.0.80';
const router: HostPlan = {
  cables: { eth0: 'outside 198.51.100.1/24', eth1: 'lan 10.31.0.1/24' },
  run: ['sysctl -qw net.ipv4.ip_forward=1'],
};
const client: HostPlan = { cables: { eth0: 'outside 198.51.100.20/24' }, run: ['ip route add default via 198.51.100.1'] };

function server(number: number, run: readonly string[], listen: readonly string[]): HostPlan {
  return { cables: { eth0: `lan 10.31.0.${number}/24` }, run: ['ip route add default via 10.31.0.1', ...run], listen };
}

function director(servers: readonly number[], port = 80): HostPlan {
  return {
    cables: { eth0: 'lan 10.31.0.2/24' },
    run: [
      'ip route add default via 10.31.0.1',
      `weir vip add ${VIP} --dev eth0`,
      `ipvsadm -A -t ${VIP}:${port} -s rr`,
      ...servers.map((number) => `ipvsadm -a -t ${VIP}:${port} -r 10.31.0.${number} -g`),
    ],
  };
}

const examine = `--role rs --vip ${VIP}:80`;

/** By weir's own command, and behind a packet filter that accepts what it must. */
const started: SetUp = {
  name: 'server-dr',
  networks: ['outside', 'lan'],
  hosts: {
    client,
    router,
    s1: server(11, [`weir realserver start --vip ${VIP}`], ['tcp 0.0.0.0:80']),
    s2: server(
      12,
      [
        `weir realserver start --vip ${VIP}`,
        'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
        'iptables -A INPUT -i lo -j ACCEPT',
        'iptables -A INPUT -p tcp -m multiport --dports 22,80 -m conntrack --ctstate NEW -j ACCEPT',
        'iptables -A INPUT -m limit --limit 5/min -j LOG',
        'iptables -P INPUT DROP',
        'iptables -A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT',
        'iptables -A OUTPUT -p udp --dport 53 -j ACCEPT',
        'iptables -P OUTPUT DROP',
      ],
      ['tcp 0.0.0.0:80'],
    ),
    director: director([11, 12]),
  },
  traffic: [{ from: 'client', to: `tcp ${VIP}:80`, answers: ['s1', 's2'] }],
  doctor: { s1: examine, s2: '--role rs --port 80' },
};

/** By hand: sysctls of one interface, REDIRECT of iptables and of nft, a local route, an alias that rules about ARP hide. */
const byHand: SetUp = {
  name: 'server-by-hand',
  networks: ['outside', 'lan'],
  hosts: {
    client,
    router,
    s1: server(
      11,
      ['sysctl -qw net.ipv4.conf.eth0.arp_ignore=1 net.ipv4.conf.eth0.arp_announce=2', `ip addr add ${VIP}/32 dev lo`],
      [`tcp ${VIP}:80`],
    ),
    s2: server(12, [`iptables -t nat -A PREROUTING -d ${VIP} -p tcp --dport 80 -j REDIRECT --to-ports 8080`], ['tcp 0.0.0.0:8080']),
    s3: server(
      13,
      [
        'nft add table ip web',
        "nft add chain ip web pre '{ type nat hook prerouting priority dstnat; }'",
        `nft add rule ip web pre ip daddr ${VIP} tcp dport { 80, 443 } redirect to :8080`,
      ],
      ['tcp 10.31.0.13:8080'],
    ),
    s4: server(
      14,
      ['sysctl -qw net.ipv4.conf.all.arp_ignore=2 net.ipv4.conf.all.arp_announce=2', `ip route add local ${VIP}/32 dev lo`],
      ['tcp 0.0.0.0:80'],
    ),
    s5: server(
      15,
      [
        'nft add table arp filter',
        "nft add chain arp filter input '{ type filter hook input priority 0; }'",
        "nft add chain arp filter output '{ type filter hook output priority 0; }'",
        `nft add rule arp filter input arp daddr ip ${VIP} drop`,
        `nft add rule arp filter output arp saddr ip ${VIP} arp saddr ip set 10.31.0.15`,
        `ip addr add ${VIP}/32 dev eth0 label eth0:0`,
      ],
      ['tcp [::]:80'],
    ),
    director: director([11, 12, 13, 14, 15]),
  },
  traffic: [{ from: 'client', to: `tcp ${VIP}:80`, answers: ['s1', 's2', 's3', 's4', 's5'] }],
  doctor: { s1: examine, s2: examine, s3: examine, s4: examine, s5: examine },
};

/** Two interfaces: packets come by one and answers go by the other; a third without an address is on the same wire. */
const twoWays: SetUp = {
  name: 'server-two-ways',
  networks: ['outside', 'lan', 'way'],
  hosts: {
    client,
    router: {
      cables: { eth0: 'outside 198.51.100.1/24', eth1: 'lan 10.31.0.1/24', eth2: 'way 10.32.0.1/24' },
      run: ['sysctl -qw net.ipv4.ip_forward=1'],
    },
    s1: {
      cables: { eth0: 'lan 10.31.0.11/24', eth1: 'way 10.32.0.11/24', eth2: 'lan' },
      run: [
        'sysctl -qw net.ipv4.conf.eth0.rp_filter=2 net.ipv4.conf.eth1.rp_filter=1',
        'sysctl -qw net.ipv4.conf.eth0.arp_ignore=1 net.ipv4.conf.eth0.arp_announce=2',
        'sysctl -qw net.ipv4.conf.eth2.arp_ignore=1 net.ipv4.conf.eth2.arp_announce=2',
        `ip addr add ${VIP}/32 dev lo`,
        'ip route add default via 10.32.0.1',
      ],
      listen: ['tcp 0.0.0.0:80'],
    },
    director: director([11]),
  },
  traffic: [{ from: 'client', to: `tcp ${VIP}:80`, answers: ['s1'] }],
  doctor: { s1: examine },
};

/** Behind VS/NAT, with the filter that a careful person has; the method is recognised by the gateway. */
const masqueraded: SetUp = {
  name: 'server-nat',
  networks: ['front', 'back'],
  hosts: {
    client: { cables: { eth0: 'front 198.51.100.20/24' } },
    s1: {
      cables: { eth0: 'back 10.33.0.11/24' },
      run: [
        'ip route add default via 10.33.0.1',
        'nft add table inet f',
        "nft add chain inet f in '{ type filter hook input priority 0; policy drop; }'",
        'nft add rule inet f in ct state established,related accept',
        'nft add rule inet f in iifname lo accept',
        'nft add rule inet f in meta l4proto icmp accept',
        'nft add rule inet f in tcp dport { 22, 8080 } accept',
      ],
      listen: ['tcp 10.33.0.11:8080'],
    },
    director: {
      cables: { eth0: 'front 198.51.100.2/24', eth1: 'back 10.33.0.1/24' },
      run: [
        'sysctl -qw net.ipv4.ip_forward=1',
        'weir vip add 198.51.100.80 --dev eth0',
        'ipvsadm -A -t 198.51.100.80:80',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.33.0.11:8080 -m',
      ],
    },
  },
  traffic: [{ from: 'client', to: 'tcp 198.51.100.80:80', answers: ['s1'] }],
  doctor: { s1: '--role rs --dip 10.33.0.1 --port 8080' },
};

/** The server behind NAT, whose operator knows the VIP alone: doctor gets no option but the role. */
const unknown: SetUp = {
  ...masqueraded,
  name: 'server-nat-bare',
  doctor: { s1: '--role rs' },
};

export const setUps = [started, byHand, twoWays, masqueraded, unknown];
