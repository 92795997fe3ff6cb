// Working VS/NAT set-ups: the plain one, and what operators add to the director.
import type { SetUp } from '../types.js';
import { variant } from '../variant.js';

/** Clients in front, two servers behind the director, which is their gateway. */
export const nat: SetUp = {
  name: 'nat',
  networks: ['front', 'back'],
  hosts: {
    client: { cables: { eth0: 'front 198.51.100.20/24' } },
    s1: { cables: { eth0: 'back 10.20.0.11/24' }, run: ['ip route add default via 10.20.0.1'], listen: ['tcp 0.0.0.0:8080'] },
    s2: { cables: { eth0: 'back 10.20.0.12/24' }, run: ['ip route add default via 10.20.0.1'], listen: ['tcp 0.0.0.0:8080'] },
    director: {
      cables: { eth0: 'front 198.51.100.2/24', eth1: 'back 10.20.0.1/24' },
      run: [
        'sysctl -qw net.ipv4.ip_forward=1',
        'weir vip add 198.51.100.80 --dev eth0',
        'ipvsadm -A -t 198.51.100.80:80 -s rr',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.11:8080 -m',
        'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.12:8080 -m',
      ],
    },
  },
  traffic: [{ from: 'client', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2'] }],
  doctor: { director: '', s1: '--role rs --dip 10.20.0.1', s2: '--role rs --dip 10.20.0.1' },
};

const director = (...run: readonly string[]) => ({ director: { run } });

/**
 * What a server sends again for a connection of a fault before is a packet of the VIP, which doctor counts (rules/director/router-to-vip.ts).
 * On such a server doctor rightly warns of the setting, so it looks at the director alone.
 */
const asksOnce = { run: ['sysctl -qw net.ipv4.tcp_synack_retries=0'] };

/** A router in front, behind which another client is. */
const outside = {
  far: { cables: { eth0: 'outside 203.0.113.20/24' }, run: ['ip route add default via 203.0.113.1'] },
  router: {
    cables: { eth0: 'outside 203.0.113.1/24', eth1: 'front 198.51.100.1/24' },
    run: ['sysctl -qw net.ipv4.ip_forward=1'],
  },
};
const fromFar = { networks: ['outside', 'front', 'back'], traffic: [{ from: 'far', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2'] }] };

const udp = [
  'ipvsadm -A -u 198.51.100.80:53 -s rr',
  'ipvsadm -a -u 198.51.100.80:53 -r 10.20.0.11:53 -m',
  'ipvsadm -a -u 198.51.100.80:53 -r 10.20.0.12:53 -m',
];
const withUdp = [...nat.traffic, { from: 'client', to: 'udp 198.51.100.80:53', answers: ['s1', 's2'] }];
const dns = { listen: ['udp 0.0.0.0:53'] };

/** Servers listen on the service's own port: a forgotten -m is then accepted. */
const samePort: SetUp = {
  ...nat,
  name: 'nat-same-port',
  hosts: {
    ...nat.hosts,
    ...Object.fromEntries(['s1', 's2'].map((name) => [name, { ...nat.hosts[name], listen: ['tcp 0.0.0.0:80'] }])),
    director: { ...nat.hosts['director'], run: (nat.hosts['director']?.run ?? []).map((line) => line.replace(':8080 -m', ' -m')) },
  },
};

export const setUps: readonly SetUp[] = [
  nat,
  samePort,
  { ...nat, name: 'nat-role-named', doctor: { director: '--role director' } },
  variant(
    'nat-marks',
    nat,
    director(
      'ipvsadm -C',
      'iptables -t mangle -A PREROUTING -d 198.51.100.80 -p tcp --dport 80 -j MARK --set-mark 3',
      'ipvsadm -A -f 3 -s rr',
      'ipvsadm -a -f 3 -r 10.20.0.11:8080 -m',
      'ipvsadm -a -f 3 -r 10.20.0.12:8080 -m',
    ),
  ),
  // Its own connects are dropped, and what it balances is not.
  variant('nat-filters-own-output', nat, director('iptables -A OUTPUT -p tcp -d 10.20.0.0/24 -j DROP')),
  variant(
    'nat-far-clients',
    nat,
    { ...outside, s1: asksOnce, s2: asksOnce, director: { run: ['ip route add default via 198.51.100.1'] } },
    { ...fromFar, doctor: { director: '' } },
  ),
  variant('nat-rp-filter-strict', nat, director('sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1')),
  variant(
    'nat-rp-filter-strict-far',
    nat,
    { ...outside, director: { run: ['ip route add default via 198.51.100.1', 'sysctl -qw net.ipv4.conf.all.rp_filter=1'] } },
    fromFar,
  ),
  variant('nat-udp-and-tcp', nat, { s1: dns, s2: dns, ...director(...udp) }, { traffic: withUdp }),
  variant(
    'nat-small-table',
    nat,
    {
      s1: dns,
      s2: dns,
      director: {
        run: ['table=$(ipvsadm-save -n)', 'weir unload', 'weir load --connections 4096', 'echo "$table" | ipvsadm-restore -n', ...udp],
      },
    },
    { traffic: withUdp },
  ),
  variant(
    'nat-udp-far',
    nat,
    {
      ...outside,
      s1: dns,
      s2: dns,
      director: { run: ['ip route add default via 198.51.100.1', ...udp, `ipvsadm -D -t 198.51.100.80:80`] },
    },
    { ...fromFar, traffic: [{ from: 'far', to: 'udp 198.51.100.80:53', answers: ['s1', 's2'] }] },
  ),
  variant('nat-drained', nat, {
    s3: { cables: { eth0: 'back 10.20.0.13/24' } },
    ...director('ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.13:8080 -m -w 0'),
  }),
  variant('nat-drained-and-gone', nat, director('ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.99:8080 -m -w 0')),
  variant('nat-many-ports', nat, {
    ...director(
      'for port in $(seq 8000 8019); do',
      '  echo "-A -t 198.51.100.80:$port -s wlc"',
      '  echo "-a -t 198.51.100.80:$port -r 10.20.0.11:8080 -m -w 1"',
      '  echo "-a -t 198.51.100.80:$port -r 10.20.0.12:8080 -m -w 1"',
      'done | ipvsadm-restore -n || exit 1',
      'ipvsadm -A -t 198.51.100.80:80 -s rr',
      'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.11:8080 -m',
      'ipvsadm -a -t 198.51.100.80:80 -r 10.20.0.12:8080 -m',
    ),
  }),
  variant(
    'nat-vip-is-first-address',
    nat,
    director(
      'ipvsadm -A -t 198.51.100.2:81 -s wrr',
      'ipvsadm -a -t 198.51.100.2:81 -r 10.20.0.11:8080 -m -w 2',
      'ipvsadm -a -t 198.51.100.2:81 -r 10.20.0.12:8080 -m -w 1',
    ),
    { traffic: [...nat.traffic, { from: 'client', to: 'tcp 198.51.100.2:81', answers: ['s1', 's2'] }] },
  ),
  variant(
    'nat-ipv6-beside',
    nat,
    Object.fromEntries(
      ['client', 's1', 's2', 'director'].map((host, index) => [host, { run: [`ip addr add fd00:20::${index + 1}/64 dev eth0 nodad`] }]),
    ),
  ),
  variant(
    'nat-clients-on-director',
    nat,
    {},
    { traffic: [...nat.traffic, { from: 'director', to: 'tcp 198.51.100.80:80', answers: ['s1', 's2'] }] },
  ),
  variant(
    'nat-unused-interfaces',
    nat,
    {
      director: {
        cables: { eth2: 'front', eth3: 'spare' },
        run: ['ip link set eth2 down', 'ip link add br9 type bridge', 'ip link set br9 up', 'weir load'],
      },
    },
    { networks: ['front', 'back', 'spare'] },
  ),
  variant(
    'nat-management-uplink',
    nat,
    {
      director: { cables: { eth2: 'management 192.0.2.2/24' }, run: ['ip route add default via 192.0.2.1'] },
      operator: { cables: { eth0: 'management 192.0.2.1/24' } },
    },
    { networks: ['front', 'back', 'management'] },
  ),
  variant('nat-vip-with-subnet-prefix', nat, director('weir vip del 198.51.100.80 --dev eth0', 'ip addr add 198.51.100.80/24 dev eth0')),
  variant('nat-servers-other-gateway-for-rest', nat, {
    s1: { run: ['ip route add 192.0.2.0/24 via 10.20.0.254'] },
    s2: { run: ['ip route add 192.0.2.0/24 via 10.20.0.254'] },
  }),
];
