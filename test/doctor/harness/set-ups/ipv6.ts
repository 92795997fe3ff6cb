// Working set-ups of IPv6 services: VS/DR where no host has an IPv4 address, and VS/NAT beside IPv4, also by a
// firewall mark.
import type { HostPlan, SetUp } from '../types.js';
import { variant } from '../variant.js';

const drServer = (last: number): HostPlan => ({
  cables: { eth0: `lan fd00:33::${last}/64` },
  run: ['weir realserver start --vip fd00:33::80'],
  listen: ['tcp [::]:80'],
});

const dr: SetUp = {
  name: 'ipv6-dr',
  networks: ['lan'],
  hosts: {
    client: { cables: { eth0: 'lan fd00:33::20/64' } },
    s1: drServer(11),
    s2: drServer(12),
    director: {
      cables: { eth0: 'lan fd00:33::2/64' },
      run: [
        'sysctl -qw net.ipv6.conf.all.forwarding=1',
        'weir vip add fd00:33::80 --dev eth0',
        'ipvsadm -A -t [fd00:33::80]:80 -s rr',
        'ipvsadm -a -t [fd00:33::80]:80 -r [fd00:33::11]:80 -g',
        'ipvsadm -a -t [fd00:33::80]:80 -r [fd00:33::12]:80 -g',
      ],
    },
  },
  traffic: [{ from: 'client', to: 'tcp [fd00:33::80]:80', answers: ['s1', 's2'] }],
  doctor: { director: '' },
};

const natServer = (last: number): HostPlan => ({
  cables: { eth0: `back 10.34.0.${last}/24 fd00:34::${last}/64` },
  run: ['ip route add default via 10.34.0.1', 'ip -6 route add default via fd00:34::1'],
  listen: ['tcp [::]:8080'],
});

const nat: SetUp = {
  name: 'ipv6-nat',
  networks: ['front', 'back'],
  hosts: {
    client: { cables: { eth0: 'front 198.51.100.20/24 fd00:35::20/64' } },
    s1: natServer(11),
    s2: natServer(12),
    director: {
      cables: { eth0: 'front 198.51.100.2/24 fd00:35::2/64', eth1: 'back 10.34.0.1/24 fd00:34::1/64' },
      run: [
        'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
        'weir vip add 198.51.100.80 --dev eth0',
        'weir vip add fd00:35::80 --dev eth0',
        'ipvsadm -A -t 198.51.100.80:80 -s rr',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.34.0.11:8080 -m',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.34.0.12:8080 -m',
        'ipvsadm -A -t [fd00:35::80]:80 -s rr',
        'ipvsadm -a -t [fd00:35::80]:80 -r [fd00:34::11]:8080 -m',
        'ipvsadm -a -t [fd00:35::80]:80 -r [fd00:34::12]:8080 -m',
      ],
    },
  },
  traffic: [
    { from: 'client', to: 'tcp [fd00:35::80]:80', answers: ['s1', 's2'] },
    { from: 'client', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2'] },
  ],
  doctor: { director: '' },
};

const marks = variant('ipv6-marks', nat, {
  director: {
    run: [
      'ipvsadm -D -t [fd00:35::80]:80',
      'ip6tables -t mangle -A PREROUTING -d fd00:35::80 -p tcp --dport 80 -j MARK --set-mark 3',
      'ipvsadm -A -f 3 -6 -s rr',
      'ipvsadm -a -f 3 -6 -r [fd00:34::11]:8080 -m',
      'ipvsadm -a -f 3 -6 -r [fd00:34::12]:8080 -m',
    ],
  },
});

export const setUps: readonly SetUp[] = [dr, nat, marks];
