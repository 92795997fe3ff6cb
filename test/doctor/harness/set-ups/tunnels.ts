// Working real servers of VS/TUN. The director is the kernel's own tunnel, which sends what IPVS would.
import type { HostPlan, SetUp } from '../types.js';

const VIP = '203.0.113.80';
const VIP6 = '2001:db8:80::80';

const client: HostPlan = {
  cables: { eth0: 'outside 198.51.100.20/24 2001:db8:51::20/64' },
  run: ['ip route add default via 198.51.100.1', 'ip -6 route add default via 2001:db8:51::1'],
};
const router: HostPlan = {
  cables: { eth0: 'outside 198.51.100.1/24 2001:db8:51::1/64', eth1: 'lan 10.34.0.1/24 fd00:34::1/64' },
  run: [
    'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
    `ip route add ${VIP}/32 via 10.34.0.2`,
    `ip -6 route add ${VIP6}/128 via fd00:34::2`,
  ],
};
const server: HostPlan = {
  cables: { eth0: 'lan 10.34.0.11/24 fd00:34::11/64' },
  run: ['ip route add default via 10.34.0.1', 'ip -6 route add default via fd00:34::1'],
};
const director = (...run: readonly string[]): HostPlan => ({
  cables: { eth0: 'lan 10.34.0.2/24 fd00:34::2/64' },
  run: ['sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1', ...run],
});

/** IPv4 in IPv4, behind a packet filter that accepts what it must, the outer packets first of all. */
const ipip: SetUp = {
  name: 'server-tun',
  needs: 'tunnels',
  networks: ['outside', 'lan'],
  hosts: {
    client,
    router,
    s1: {
      ...server,
      run: [
        ...(server.run ?? []),
        `weir realserver start --mode tun --vip ${VIP}`,
        'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
        'iptables -A INPUT -i lo -j ACCEPT',
        'iptables -A INPUT -p icmp -j ACCEPT',
        'iptables -A INPUT -p 4 -j ACCEPT',
        'iptables -A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT',
        'iptables -P INPUT DROP',
      ],
      listen: ['tcp 0.0.0.0:80'],
    },
    director: director(
      'ip link add way type ipip local 10.34.0.2 remote 10.34.0.11',
      'ip link set way up',
      `ip route add ${VIP}/32 dev way`,
    ),
  },
  traffic: [{ from: 'client', to: `tcp ${VIP}:80`, answers: ['s1'] }],
  doctor: { s1: '--role rs --port 80' },
};

/** GUE over IPv6, for VIPs of both families. */
const gue: SetUp = {
  name: 'server-tun-gue',
  needs: 'tunnels',
  networks: ['outside', 'lan'],
  hosts: {
    client,
    router,
    s1: {
      ...server,
      run: [
        ...(server.run ?? []),
        `weir realserver start --mode tun --tun-type gue --tun-port 6080 --rip fd00:34::11 --vip ${VIP},${VIP6}`,
      ],
      listen: ['tcp [::]:80'],
    },
    director: director(
      'ip link add way type ip6tnl mode any local fd00:34::2 remote fd00:34::11 encaplimit none encap gue encap-sport auto encap-dport 6080',
      'ip link set way up',
      `ip route add ${VIP}/32 dev way`,
      `ip -6 route add ${VIP6}/128 dev way`,
    ),
  },
  traffic: [
    { from: 'client', to: `tcp ${VIP}:80`, answers: ['s1'] },
    { from: 'client', to: `tcp [${VIP6}]:80`, answers: ['s1'] },
  ],
  doctor: { s1: '--role rs --port 80' },
};

/** A director of weir's, with a server of IP in IP and one of GUE over IPv6. */
const byWeir: SetUp = {
  name: 'tun-director',
  needs: 'tunnels',
  networks: ['outside', 'lan'],
  hosts: {
    client,
    router,
    s1: { ...server, run: [...(server.run ?? []), `weir realserver start --mode tun --vip ${VIP}`], listen: ['tcp 0.0.0.0:80'] },
    s2: {
      cables: { eth0: 'lan 10.34.0.12/24 fd00:34::12/64' },
      run: [...(server.run ?? []), `weir realserver start --mode tun --tun-type gue --tun-port 6080 --rip fd00:34::12 --vip ${VIP}`],
      listen: ['tcp 0.0.0.0:80'],
    },
    director: {
      cables: { eth0: 'lan 10.34.0.2/24 fd00:34::2/64' },
      run: [
        'sysctl -qw net.ipv6.conf.all.forwarding=1',
        'ip route add default via 10.34.0.1',
        `ip addr add ${VIP}/32 dev eth0`,
        `ipvsadm -A -t ${VIP}:80 -s rr`,
        `ipvsadm -a -t ${VIP}:80 -r 10.34.0.11 -i`,
        `ipvsadm -a -t ${VIP}:80 -r fd00:34::12 -i --tun-type gue --tun-port 6080 --tun-csum`,
      ],
    },
  },
  traffic: [{ from: 'client', to: `tcp ${VIP}:80`, answers: ['s1', 's2'] }],
  doctor: { director: '' },
};

export const setUps = [ipip, gue, byWeir];
