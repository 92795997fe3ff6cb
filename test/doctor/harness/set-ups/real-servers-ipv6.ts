// Working real servers of IPv6 services, each one that takes its packets in another way.
import type { HostPlan, SetUp } from '../types.js';

const VIP = 'fd00:41::80';
const FORWARDS = 'sysctl -qw net.ipv6.conf.all.forwarding=1';
const router: HostPlan = { cables: { eth0: 'outside fd00:40::1/64', eth1: 'lan fd00:41::1/64' }, run: [FORWARDS] };
const client: HostPlan = { cables: { eth0: 'outside fd00:40::20/64' }, run: ['ip -6 route add default via fd00:40::1'] };

function server(number: number, run: readonly string[], listen: readonly string[]): HostPlan {
  return { cables: { eth0: `lan fd00:41::${number}/64` }, run: ['ip -6 route add default via fd00:41::1', ...run], listen };
}

function director(servers: readonly number[]): HostPlan {
  return {
    cables: { eth0: 'lan fd00:41::2/64' },
    run: [
      FORWARDS,
      'ip -6 route add default via fd00:41::1',
      `weir vip add ${VIP} --dev eth0`,
      `ipvsadm -A -t [${VIP}]:80 -s rr`,
      ...servers.map((number) => `ipvsadm -a -t [${VIP}]:80 -r [fd00:41::${number}]:80 -g`),
    ],
  };
}

const examine = `--role rs --vip [${VIP}]:80`;

/** By weir's own command, and behind a packet filter that accepts what it must. */
const started: SetUp = {
  name: 'server6-dr',
  networks: ['outside', 'lan'],
  hosts: {
    client,
    router,
    s1: server(11, [`weir realserver start --vip ${VIP}`], ['tcp [::]:80']),
    s2: server(
      12,
      [
        `weir realserver start --vip ${VIP}`,
        'ip6tables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
        'ip6tables -A INPUT -i lo -j ACCEPT',
        'ip6tables -A INPUT -p ipv6-icmp -j ACCEPT',
        'ip6tables -A INPUT -p tcp -m multiport --dports 22,80 -m conntrack --ctstate NEW -j ACCEPT',
        'ip6tables -A INPUT -m limit --limit 5/min -j LOG',
        'ip6tables -P INPUT DROP',
        'ip6tables -A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT',
        'ip6tables -A OUTPUT -p ipv6-icmp --icmpv6-type neighbour-solicitation -j ACCEPT',
        'ip6tables -A OUTPUT -p ipv6-icmp --icmpv6-type neighbour-advertisement -j ACCEPT',
        'ip6tables -P OUTPUT DROP',
      ],
      ['tcp [::]:80'],
    ),
    director: director([11, 12]),
  },
  traffic: [{ from: 'client', to: `tcp [${VIP}]:80`, answers: ['s1', 's2'] }],
  doctor: { s1: examine, s2: '--role rs --port 80' },
};

/** By hand: an address on lo and one on a bridge without ports, REDIRECT of ip6tables and of nft, a local route. */
const byHand: SetUp = {
  name: 'server6-by-hand',
  networks: ['outside', 'lan'],
  hosts: {
    client,
    router,
    s1: server(11, [`ip addr add ${VIP}/128 dev lo`], [`tcp [${VIP}]:80`]),
    s2: server(12, [`ip6tables -t nat -A PREROUTING -d ${VIP} -p tcp --dport 80 -j REDIRECT --to-ports 8080`], ['tcp [::]:8080']),
    s3: server(
      13,
      [
        'nft add table ip6 web',
        "nft add chain ip6 web pre '{ type nat hook prerouting priority dstnat; }'",
        `nft add rule ip6 web pre ip6 daddr ${VIP} tcp dport { 80, 443 } redirect to :8080`,
      ],
      ['tcp [fd00:41::13]:8080'],
    ),
    s4: server(14, [`ip -6 route add local ${VIP}/128 dev lo`], ['tcp [::]:80']),
    s5: server(15, ['ip link add vip0 type bridge', 'ip link set vip0 up', `ip addr add ${VIP}/128 dev vip0 nodad`], ['tcp [::]:80']),
    director: director([11, 12, 13, 14, 15]),
  },
  traffic: [{ from: 'client', to: `tcp [${VIP}]:80`, answers: ['s1', 's2', 's3', 's4', 's5'] }],
  doctor: { s1: examine, s2: examine, s3: examine, s4: examine, s5: examine },
};

/** Answers may go by the director: the kernel forwards what comes from an IPv6 address of its own. */
const byDirector: SetUp = {
  name: 'server6-by-director',
  networks: ['outside', 'lan'],
  hosts: {
    client,
    router,
    s1: {
      cables: { eth0: 'lan fd00:41::11/64' },
      run: ['ip -6 route add default via fd00:41::2', `weir realserver start --vip ${VIP}`],
      listen: ['tcp [::]:80'],
    },
    director: director([11]),
  },
  traffic: [{ from: 'client', to: `tcp [${VIP}]:80`, answers: ['s1'] }],
  doctor: { s1: examine },
};

/** A server of both families, which doctor examines one after the other. */
const both: SetUp = {
  name: 'server6-both',
  networks: ['lan'],
  hosts: {
    client: { cables: { eth0: 'lan 10.44.0.20/24 fd00:44::20/64' } },
    s1: {
      cables: { eth0: 'lan 10.44.0.11/24 fd00:44::11/64' },
      run: [
        'ip route add default via 10.44.0.20',
        'ip -6 route add default via fd00:44::20',
        'weir realserver start --vip 10.44.0.80,fd00:44::80',
      ],
      listen: ['tcp [::]:80'],
    },
    director: {
      cables: { eth0: 'lan 10.44.0.2/24 fd00:44::2/64' },
      run: [
        FORWARDS,
        'weir vip add 10.44.0.80 --dev eth0',
        'weir vip add fd00:44::80 --dev eth0',
        'ipvsadm -A -t 10.44.0.80:80 -s rr',
        'ipvsadm -a -t 10.44.0.80:80 -r 10.44.0.11 -g',
        'ipvsadm -A -t [fd00:44::80]:80 -s rr',
        'ipvsadm -a -t [fd00:44::80]:80 -r [fd00:44::11]:80 -g',
      ],
    },
  },
  traffic: [
    { from: 'client', to: 'tcp 10.44.0.80:80', answers: ['s1'] },
    { from: 'client', to: 'tcp [fd00:44::80]:80', answers: ['s1'] },
  ],
  doctor: { s1: '--role rs --vip 10.44.0.80:80,[fd00:44::80]:80' },
};

/** Behind VS/NAT, with the filter that a careful person has; the method is recognised by the gateway. */
const masqueraded: SetUp = {
  name: 'server6-nat',
  networks: ['front', 'back'],
  hosts: {
    client: { cables: { eth0: 'front fd00:42::20/64' } },
    s1: {
      cables: { eth0: 'back fd00:43::11/64' },
      run: [
        'ip -6 route add default via fd00:43::1',
        'nft add table inet f',
        "nft add chain inet f in '{ type filter hook input priority 0; policy drop; }'",
        'nft add rule inet f in ct state established,related accept',
        'nft add rule inet f in iifname lo accept',
        "nft add rule inet f in icmpv6 type '{ nd-neighbor-solicit, nd-neighbor-advert, echo-request, echo-reply, packet-too-big }' accept",
        'nft add rule inet f in tcp dport { 22, 8080 } accept',
      ],
      listen: ['tcp [fd00:43::11]:8080'],
    },
    director: {
      cables: { eth0: 'front fd00:42::2/64', eth1: 'back fd00:43::1/64' },
      run: [
        FORWARDS,
        'weir vip add fd00:42::80 --dev eth0',
        'ipvsadm -A -t [fd00:42::80]:80',
        'ipvsadm -a -t [fd00:42::80]:80 -r [fd00:43::11]:8080 -m',
      ],
    },
  },
  traffic: [{ from: 'client', to: 'tcp [fd00:42::80]:80', answers: ['s1'] }],
  doctor: { s1: '--role rs --dip fd00:43::1 --port 8080' },
};

/** The server behind NAT over IPv6, where doctor gets no option but the role. */
const unknown: SetUp = { ...masqueraded, name: 'server6-nat-bare', doctor: { s1: '--role rs' } };

export const setUps: readonly SetUp[] = [started, byHand, byDirector, both, masqueraded, unknown];
