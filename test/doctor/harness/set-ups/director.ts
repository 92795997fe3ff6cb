// Working set-ups for faults of a director: clients behind a router, TCP and UDP.
import type { HostPlan, SetUp } from '../types.js';

const natServer = (address: string): HostPlan => ({
  cables: { eth0: `back ${address}/24` },
  run: ['ip route add default via 10.21.0.1'],
  listen: ['tcp 0.0.0.0:80', 'udp 0.0.0.0:53'],
});

const outside: HostPlan = { cables: { eth0: 'outside 203.0.113.20/24' }, run: ['ip route add default via 203.0.113.1'] };

/** VS/NAT; the director's default route leads to the clients' router. */
const nat: SetUp = {
  name: 'director-routed',
  networks: ['outside', 'front', 'back'],
  hosts: {
    client: outside,
    router: {
      cables: { eth0: 'outside 203.0.113.1/24', eth1: 'front 198.51.100.1/24' },
      run: ['sysctl -qw net.ipv4.ip_forward=1'],
    },
    s1: natServer('10.21.0.11'),
    s2: natServer('10.21.0.12'),
    director: {
      cables: { eth0: 'front 198.51.100.2/24', eth1: 'back 10.21.0.1/24' },
      run: [
        'sysctl -qw net.ipv4.ip_forward=1',
        'ip route add default via 198.51.100.1',
        'weir vip add 198.51.100.80 --dev eth0',
        'ipvsadm -A -t 198.51.100.80:80 -s rr',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.21.0.11 -m',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.21.0.12 -m',
        'ipvsadm -A -u 198.51.100.80:53 -s rr',
        'ipvsadm -a -u 198.51.100.80:53 -r 10.21.0.11 -m',
        'ipvsadm -a -u 198.51.100.80:53 -r 10.21.0.12 -m',
      ],
    },
  },
  traffic: [
    { from: 'client', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2'] },
    { from: 'client', to: 'udp 198.51.100.80:53', answers: ['s1', 's2'] },
  ],
  doctor: { director: '' },
};

const drServer = (address: string): HostPlan => ({
  cables: { eth0: `lan ${address}/24` },
  run: ['ip route add default via 10.31.0.1', 'weir realserver start --vip 10.31.0.80'],
  listen: ['udp 10.31.0.80:53'],
});

/** VS/DR of UDP alone: the servers listen on the VIP, so that their answers come from it. */
const datagrams: SetUp = {
  name: 'director-dr-udp',
  networks: ['outside', 'lan'],
  hosts: {
    client: outside,
    router: {
      cables: { eth0: 'outside 203.0.113.1/24', eth1: 'lan 10.31.0.1/24' },
      run: ['sysctl -qw net.ipv4.ip_forward=1'],
    },
    s1: drServer('10.31.0.11'),
    s2: drServer('10.31.0.12'),
    director: {
      cables: { eth0: 'lan 10.31.0.2/24' },
      run: [
        'ip route add default via 10.31.0.1',
        'weir vip add 10.31.0.80 --dev eth0',
        'ipvsadm -A -u 10.31.0.80:53 -s rr',
        'ipvsadm -a -u 10.31.0.80:53 -r 10.31.0.11 -g',
        'ipvsadm -a -u 10.31.0.80:53 -r 10.31.0.12 -g',
      ],
    },
  },
  traffic: [{ from: 'client', to: 'udp 10.31.0.80:53', answers: ['s1', 's2'] }],
  doctor: { director: '' },
};

export const setUps = [nat, datagrams];
