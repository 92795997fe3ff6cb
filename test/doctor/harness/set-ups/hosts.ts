// Working set-ups whose hosts have more on them than balancing: containers, filters of a careful person, no ping, leftovers, VLANs.
import type { HostPlan, SetUp } from '../types.js';
import { variant } from '../variant.js';
import { dr } from './direct-route.js';
import { nat } from './nat.js';

const each = (names: readonly string[], plan: HostPlan): Readonly<Record<string, HostPlan>> =>
  Object.fromEntries(names.map((name) => [name, plan]));
const both = (...run: readonly string[]): Readonly<Record<string, HostPlan>> => each(['s1', 's2'], { run });
const NO_PING = 'sysctl -qw net.ipv4.icmp_echo_ignore_all=1';

/** What a container engine makes: a bridge without ports, chains of its own, forwarding with a policy of drop. */
const CONTAINERS = [
  'ip link add docker0 type bridge',
  'ip addr add 172.17.0.1/16 dev docker0',
  'ip link set docker0 up',
  'iptables -N DOCKER-USER',
  'iptables -A DOCKER-USER -j RETURN',
  'iptables -A FORWARD -j DOCKER-USER',
  'iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  'iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT',
  'iptables -t nat -N DOCKER',
  'iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
  'iptables -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
  'iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
  'iptables -t nat -A DOCKER -i docker0 -j RETURN',
];

const VIP = '10.30.0.80';

export const setUps: readonly SetUp[] = [
  variant('nat-servers-no-ping', nat, both(NO_PING)),
  variant('dr-servers-no-ping', dr, both(NO_PING)),
  variant('dr-router-no-ping', dr, { router: { run: [NO_PING] } }),
  variant('nat-servers-with-vip', nat, both('ip addr add 198.51.100.80/32 dev lo')),
  variant(
    'nat-servers-in-both-networks',
    nat,
    {
      far: { cables: { eth0: 'outside 203.0.113.20/24' }, run: ['ip route add default via 203.0.113.1'] },
      router: {
        cables: { eth0: 'outside 203.0.113.1/24', eth1: 'front 198.51.100.1/24' },
        run: ['sysctl -qw net.ipv4.ip_forward=1'],
      },
      s1: { cables: { eth1: 'front 198.51.100.11/24' } },
      director: { run: ['ip route add default via 198.51.100.1'] },
    },
    { networks: ['outside', 'front', 'back'], traffic: [{ from: 'far', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2'] }] },
  ),
  variant('nat-containers', nat, { ...each(['s1', 's2'], { run: CONTAINERS }), director: { run: [...CONTAINERS, 'weir load'] } }),
  variant('dr-containers', dr, { ...each(['s1', 's2'], { run: CONTAINERS }), director: { run: [...CONTAINERS, 'weir load'] } }),
  variant('nat-forward-policy-drop', nat, {
    director: {
      run: [
        'iptables -t nat -A POSTROUTING -s 10.20.0.0/24 -o eth0 -j MASQUERADE',
        'iptables -P FORWARD DROP',
        'iptables -A FORWARD -i eth1 -j ACCEPT',
        'iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      ],
    },
  }),
  variant('dr-router-filters', dr, {
    router: {
      run: [
        'iptables -P FORWARD DROP',
        `iptables -A FORWARD -d ${VIP} -p tcp --dport 80 -j ACCEPT`,
        'iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
        'iptables -A FORWARD -i eth1 -j ACCEPT',
      ],
    },
  }),
  variant('dr-router-hides-vip-from-ping', dr, { router: { run: [`iptables -A FORWARD -d ${VIP} -p icmp -j DROP`] } }),
  variant('dr-destination-port-differs', dr, {
    director: {
      run: [
        `ipvsadm -d -t ${VIP}:80 -r 10.30.0.11`,
        `ipvsadm -d -t ${VIP}:80 -r 10.30.0.12`,
        `ipvsadm -a -t ${VIP}:80 -r 10.30.0.11:8080 -g`,
        `ipvsadm -a -t ${VIP}:80 -r 10.30.0.12:8080 -g`,
      ],
    },
  }),
  variant('dr-servers-limit-rates', dr, {
    ...both(
      'iptables -A INPUT -i lo -j ACCEPT',
      'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      'iptables -A INPUT -p icmp -j ACCEPT',
      'iptables -A INPUT -p tcp --dport 80 -m conntrack --ctstate NEW -m limit --limit 1000/s --limit-burst 1000 -j ACCEPT',
      'iptables -A INPUT -j DROP',
    ),
  }),
  variant('dr-two-gateways', dr, {
    ...each(['s1', 's2', 'director'], { run: ['ip route replace default nexthop via 10.30.0.1 nexthop via 10.30.0.3'] }),
    second: {
      cables: { eth0: 'outside 198.51.100.3/24', eth1: 'lan 10.30.0.3/24' },
      run: ['sysctl -qw net.ipv4.ip_forward=1'],
    },
  }),
];
