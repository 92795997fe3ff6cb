// Working VS/DR set-ups: clients behind a router, director and servers in one network; and the ways to take a VIP on a server.
import type { HostPlan, SetUp } from '../types.js';
import { variant } from '../variant.js';

const VIP = '10.30.0.80';
const START = `weir realserver start --vip ${VIP}`;

const server = (last: number, ...run: readonly string[]): HostPlan => ({
  cables: { eth0: `lan 10.30.0.${last}/24` },
  run: ['ip route add default via 10.30.0.1', ...run],
  listen: ['tcp 0.0.0.0:80'],
});

const client: HostPlan = { cables: { eth0: 'outside 198.51.100.20/24' }, run: ['ip route add default via 198.51.100.1'] };
const router: HostPlan = {
  cables: { eth0: 'outside 198.51.100.1/24', eth1: 'lan 10.30.0.1/24' },
  run: ['sysctl -qw net.ipv4.ip_forward=1'],
};
const tableOf = (vip: string): readonly string[] => [
  `ipvsadm -A -t ${vip}:80 -s rr`,
  `ipvsadm -a -t ${vip}:80 -r 10.30.0.11 -g`,
  `ipvsadm -a -t ${vip}:80 -r 10.30.0.12 -g`,
];
const director: HostPlan = {
  cables: { eth0: 'lan 10.30.0.2/24' },
  run: ['ip route add default via 10.30.0.1', `weir vip add ${VIP} --dev eth0`, ...tableOf(VIP)],
};

/** Director and servers in one network, clients behind a router. */
export const dr: SetUp = {
  name: 'dr',
  networks: ['outside', 'lan'],
  hosts: { client, router, s1: server(11, START), s2: server(12, START), director },
  traffic: [{ from: 'client', to: `tcp ${VIP}:80`, answers: ['s1', 's2'] }],
  doctor: { director: '', s1: '--role rs', s2: `--role rs --vip ${VIP}` },
};

const RS = `--role rs --vip ${VIP}`;
const vipNamed = { doctor: { director: '', s1: RS, s2: RS } };
const servers = (...run: readonly string[]): SetUp['hosts'] => ({ ...dr.hosts, s1: server(11, ...run), s2: server(12, ...run) });
const HIDDEN = 'sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2';

const redirect = (rule: string): readonly string[] => [
  'nft add table ip vip',
  "nft 'add chain ip vip in { type nat hook prerouting priority -100; }'",
  `nft add rule ip vip in ip daddr ${VIP} ${rule}`,
];

const local: HostPlan = { cables: { eth0: 'lan 10.30.0.20/24' } };
const udp = [`ipvsadm -A -u ${VIP}:53 -s wlc`, `ipvsadm -a -u ${VIP}:53 -r 10.30.0.11 -g`, `ipvsadm -a -u ${VIP}:53 -r 10.30.0.12 -g`];
/** From the VIP itself: a server of UDP on 0.0.0.0 answers from the address of its interface. */
const dns: HostPlan = { listen: [`udp ${VIP}:53`] };

/** A VIP that the router sends to the director: in no subnet of any host here. */
const routed: SetUp = {
  name: 'dr-vip-routed',
  networks: dr.networks,
  hosts: {
    client,
    router: { ...router, run: [...(router.run ?? []), 'ip route add 203.0.113.80/32 via 10.30.0.2'] },
    s1: server(11, 'weir realserver start --vip 203.0.113.80'),
    s2: server(12, 'weir realserver start --vip 203.0.113.80'),
    director: {
      cables: { eth0: 'lan 10.30.0.2/24' },
      run: ['ip route add default via 10.30.0.1', 'ip addr add 203.0.113.80/32 dev lo', ...tableOf('203.0.113.80')],
    },
  },
  traffic: [{ from: 'client', to: 'tcp 203.0.113.80:80', answers: ['s1', 's2'] }],
  doctor: { director: '', s1: '--role rs', s2: '--role rs' },
};

export const setUps: readonly SetUp[] = [
  dr,
  variant(
    'dr-local-clients',
    dr,
    { near: local },
    { traffic: [...dr.traffic, { from: 'near', to: `tcp ${VIP}:80`, answers: ['s1', 's2'] }] },
  ),
  variant('dr-drained', dr, { director: { run: [`ipvsadm -a -t ${VIP}:80 -r 10.30.0.99 -g -w 0`] } }),
  variant(
    'dr-udp',
    dr,
    { s1: dns, s2: dns, director: { run: udp } },
    { traffic: [...dr.traffic, { from: 'client', to: `udp ${VIP}:53`, answers: ['s1', 's2'] }] },
  ),
  variant('dr-forwarding-on', dr, { director: { run: ['sysctl -qw net.ipv4.ip_forward=1'] } }),
  variant('dr-rp-filter-strict', dr, { director: { run: ['sysctl -qw net.ipv4.conf.all.rp_filter=1'] } }),
  { ...dr, name: 'dr-servers-by-hand', hosts: servers(HIDDEN, `ip addr add ${VIP}/32 dev lo label lo:0`) },
  {
    ...dr,
    name: 'dr-servers-ignore-2',
    hosts: servers('sysctl -qw net.ipv4.conf.eth0.arp_ignore=2 net.ipv4.conf.eth0.arp_announce=2', `ip addr add ${VIP}/32 dev lo`),
  },
  {
    ...dr,
    name: 'dr-servers-bridge',
    ...vipNamed,
    hosts: servers(HIDDEN, 'ip link add vip0 type bridge', 'ip link set vip0 up', `ip addr add ${VIP}/32 dev vip0`),
  },
  { ...dr, name: 'dr-servers-nft-redirect', ...vipNamed, hosts: servers(...redirect('redirect')) },
  {
    ...dr,
    name: 'dr-servers-iptables-redirect',
    ...vipNamed,
    hosts: servers(`iptables -t nat -A PREROUTING -d ${VIP} -p tcp --dport 80 -j REDIRECT --to-ports 80`),
  },
  {
    ...dr,
    name: 'dr-servers-nft-dnat',
    ...vipNamed,
    hosts: { ...dr.hosts, s1: server(11, ...redirect('dnat to 10.30.0.11')), s2: server(12, ...redirect('dnat to 10.30.0.12')) },
  },
  {
    ...dr,
    name: 'dr-servers-arptables',
    ...vipNamed,
    hosts: {
      ...dr.hosts,
      ...Object.fromEntries(
        [11, 12].map((last, index) => [
          `s${index + 1}`,
          server(
            last,
            `arptables -A INPUT -d ${VIP} -j DROP`,
            `arptables -A OUTPUT -s ${VIP} -j mangle --mangle-ip-s 10.30.0.${last}`,
            `ip addr add ${VIP}/32 dev eth0`,
          ),
        ]),
      ),
    },
  },
  {
    ...dr,
    name: 'dr-servers-local-route',
    ...vipNamed,
    hosts: servers(HIDDEN, `ip route add local ${VIP}/32 dev lo`),
  },
  variant(
    'dr-servers-management',
    dr,
    { s1: { cables: { eth1: 'management 192.0.2.11/24' } }, s2: { cables: { eth1: 'management 192.0.2.12/24' } } },
    { networks: [...dr.networks, 'management'] },
  ),
  variant(
    'dr-ipv6-beside',
    dr,
    Object.fromEntries(
      ['router', 's1', 's2', 'director'].map((host, index) => [
        host,
        { run: [`ip addr add fd00:30::${index + 1}/64 dev ${host === 'router' ? 'eth1' : 'eth0'} nodad`] },
      ]),
    ),
  ),
  routed,
];
