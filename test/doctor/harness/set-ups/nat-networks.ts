// Working VS/NAT set-ups whose networks differ: VLANs, bridges, routers between, several uplinks, policy routing, one interface.
import type { SetUp } from '../types.js';
import { variant } from '../variant.js';
import { nat } from './nat.js';

const FORWARD = 'sysctl -qw net.ipv4.ip_forward=1';
const table = (vip: string, ...servers: readonly string[]): readonly string[] => [
  `ipvsadm -A -t ${vip}:80 -s rr`,
  ...servers.map((server) => `ipvsadm -a -t ${vip}:80 -r ${server} -m`),
];
const server = (cable: string, gateway: string, ...run: readonly string[]) => ({
  cables: { eth0: cable },
  run: [`ip route add default via ${gateway}`, ...run],
  listen: ['tcp 0.0.0.0:8080'],
});
const client = { cables: { eth0: 'front 198.51.100.20/24' } };
const VIP = '198.51.100.80';
const traffic = [{ from: 'client', to: `tcp ${VIP}:80`, answers: ['s1', 's2'] }];
const doctor = { director: '', s1: '--role rs --dip 10.20.0.1', s2: '--role rs --dip 10.20.0.1' };
const servers = { s1: server('back 10.20.0.11/24', '10.20.0.1'), s2: server('back 10.20.0.12/24', '10.20.0.1') };
const SERVERS = ['10.20.0.11:8080', '10.20.0.12:8080'];

function withDirector(name: string, cables: Readonly<Record<string, string>>, before: readonly string[], vip = 'eth0'): SetUp {
  const run = [FORWARD, ...before, `weir vip add ${VIP} --dev ${vip}`, ...table(VIP, ...SERVERS)];
  return { name, networks: ['front', 'back'], hosts: { client, ...servers, director: { cables, run } }, traffic, doctor };
}

/** Servers behind a router of their own, which sends what is for clients to the director. */
const behindRouter: SetUp = {
  name: 'nat-servers-behind-router',
  networks: ['front', 'back', 'deep'],
  hosts: {
    client,
    inner: {
      cables: { eth0: 'back 10.20.0.254/24', eth1: 'deep 10.21.0.1/24' },
      run: [FORWARD, 'ip route add default via 10.20.0.1'],
    },
    s1: server('deep 10.21.0.11/24', '10.21.0.1'),
    s2: server('deep 10.21.0.12/24', '10.21.0.1'),
    director: {
      cables: { eth0: 'front 198.51.100.2/24', eth1: 'back 10.20.0.1/24' },
      run: [
        FORWARD,
        'ip route add 10.21.0.0/24 via 10.20.0.254',
        `weir vip add ${VIP} --dev eth0`,
        ...table(VIP, '10.21.0.11:8080', '10.21.0.12:8080'),
      ],
    },
  },
  traffic,
  doctor: { director: '' },
};

/** VIP and servers in one network, clients elsewhere; the director has one interface. */
const oneArmed: SetUp = {
  name: 'nat-one-armed',
  networks: ['outside', 'lan'],
  hosts: {
    client: { cables: { eth0: 'outside 198.51.100.20/24' }, run: ['ip route add default via 198.51.100.1'] },
    router: { cables: { eth0: 'outside 198.51.100.1/24', eth1: 'lan 10.20.0.254/24' }, run: [FORWARD] },
    s1: server('lan 10.20.0.11/24', '10.20.0.1'),
    s2: server('lan 10.20.0.12/24', '10.20.0.1'),
    director: {
      cables: { eth0: 'lan 10.20.0.1/24' },
      run: [
        FORWARD,
        'sysctl -qw net.ipv4.conf.all.send_redirects=0',
        'ip route add default via 10.20.0.254',
        'weir vip add 10.20.0.80 --dev eth0',
        ...table('10.20.0.80', ...SERVERS),
      ],
    },
  },
  traffic: [{ from: 'client', to: 'tcp 10.20.0.80:80', answers: ['s1', 's2'] }],
  doctor,
};

/** Two providers, a VIP of each, and rules that send each VIP's answers back by its own. */
const twoUplinks: SetUp = {
  name: 'nat-two-uplinks',
  networks: ['far', 'one', 'two', 'back'],
  hosts: {
    client: {
      cables: { eth0: 'far 203.0.113.20/24' },
      run: ['ip route add 198.51.100.0/24 via 203.0.113.1', 'ip route add 192.0.2.0/24 via 203.0.113.2'],
    },
    r1: { cables: { eth0: 'far 203.0.113.1/24', eth1: 'one 198.51.100.1/24' }, run: [FORWARD] },
    r2: { cables: { eth0: 'far 203.0.113.2/24', eth1: 'two 192.0.2.1/24' }, run: [FORWARD] },
    ...servers,
    director: {
      cables: { eth0: 'one 198.51.100.2/24', eth2: 'two 192.0.2.2/24', eth1: 'back 10.20.0.1/24' },
      run: [
        FORWARD,
        'sysctl -qw net.ipv4.conf.all.rp_filter=2',
        'ip route add default via 198.51.100.1',
        'ip route add default via 192.0.2.1 table 102',
        'ip rule add from 192.0.2.0/24 lookup 102',
        `weir vip add ${VIP} --dev eth0`,
        'weir vip add 192.0.2.80 --dev eth2',
        ...table(VIP, ...SERVERS),
        ...table('192.0.2.80', ...SERVERS),
      ],
    },
  },
  traffic: [...traffic, { from: 'client', to: 'tcp 192.0.2.80:80', answers: ['s1', 's2'] }],
  doctor,
};

/** A VIP that a router sends here: on lo, in no subnet, as hosts that announce it have it. */
const anycast: SetUp = {
  name: 'nat-vip-on-lo-routed',
  networks: ['outside', 'front', 'back'],
  hosts: {
    client: { cables: { eth0: 'outside 192.0.2.20/24' }, run: ['ip route add default via 192.0.2.1'] },
    router: {
      cables: { eth0: 'outside 192.0.2.1/24', eth1: 'front 198.51.100.1/24' },
      run: [FORWARD, 'ip route add 203.0.113.80/32 via 198.51.100.2'],
    },
    ...servers,
    director: {
      cables: { eth0: 'front 198.51.100.2/24', eth1: 'back 10.20.0.1/24' },
      run: [FORWARD, 'ip route add default via 198.51.100.1', 'ip addr add 203.0.113.80/32 dev lo', ...table('203.0.113.80', ...SERVERS)],
    },
  },
  traffic: [{ from: 'client', to: 'tcp 203.0.113.80:80', answers: ['s1', 's2'] }],
  doctor,
};

/** Servers whose default route is another one: what comes from their served address goes back through the director. */
const policy = (last: number) =>
  server(
    `back 10.20.0.${last}/24`,
    '10.20.0.254',
    `ip rule add from 10.20.0.${last} lookup 100`,
    'ip route add default via 10.20.0.1 table 100',
  );

export const setUps: readonly SetUp[] = [
  withDirector('nat-back-bridge', { eth0: 'front 198.51.100.2/24', eth1: 'back' }, [
    'ip link add br0 type bridge',
    'ip link set eth1 master br0',
    'ip link set br0 up',
    'ip addr add 10.20.0.1/24 dev br0',
  ]),
  withDirector(
    'nat-front-bridge',
    { eth0: 'front', eth1: 'back 10.20.0.1/24' },
    ['ip link add br0 type bridge', 'ip link set eth0 master br0', 'ip link set br0 up', 'ip addr add 198.51.100.2/24 dev br0'],
    'br0',
  ),
  withDirector('nat-front-macvlan', { eth0: 'front 198.51.100.2/24', eth1: 'back 10.20.0.1/24' }, [
    'ip link add link eth0 name mv0 type macvlan mode bridge',
    'ip link set mv0 up',
    'ip addr add 198.51.100.3/24 dev mv0',
  ]),
  withDirector('nat-back-host-route', { eth0: 'front 198.51.100.2/24', eth1: 'back' }, [
    'ip addr add 10.20.0.1/32 dev eth1',
    'ip route add 10.20.0.0/24 dev eth1 src 10.20.0.1',
  ]),
  withDirector('nat-jumbo-back', { eth0: 'front 198.51.100.2/24', eth1: 'back 10.20.0.1/24' }, ['ip link set eth0 mtu 1400']),
  behindRouter,
  oneArmed,
  twoUplinks,
  anycast,
  {
    ...nat,
    name: 'nat-servers-policy-route',
    hosts: { ...nat.hosts, s1: policy(11), s2: policy(12), other: { cables: { eth0: 'back 10.20.0.254/24' } } },
  },
  variant(
    'nat-servers-two-networks',
    nat,
    {
      s1: { cables: { eth1: 'management 192.0.2.11/24' } },
      s2: { cables: { eth1: 'management 192.0.2.12/24' } },
    },
    { networks: ['front', 'back', 'management'] },
  ),
];
