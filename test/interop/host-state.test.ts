// The state of a host under either daemon: the same configuration on two equal hosts gives the same output of `ip` and `nft`.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { breadth, test } from '../support/breadth.js';
import { Bed, type Host } from '../support/netns-bed.js';
import { type Maker, Node, skipWithoutPeer } from './harness.js';

/** eth0 and eth1 with their addresses, each one end of a cable of which the other end is here as well. */
function furnish(host: Host): void {
  for (const number of [0, 1]) {
    host.ip(`link add eth${number} type veth peer name far${number}`);
    host.ip(`link set eth${number} address 02:00:00:00:00:0${number + 1}`);
    for (const name of [`eth${number}`, `far${number}`]) {
      host.sysctl(`net.ipv6.conf.${name}.addr_gen_mode`, '1');
      host.ip(`link set ${name} up`);
    }
    host.ip(`addr add 10.9${9 - number}.0.1/24 dev eth${number}`);
    host.ip(`addr add fd00:9${9 - number}::1/64 dev eth${number} nodad`);
    host.ip(`addr add fe80::1${number}/64 dev eth${number} nodad`);
  }
}

/** What the two hosts cannot have in common, and what an empty counter is. */
const same = (text: string): readonly string[] =>
  text
    .replaceAll('\n\t', ' ')
    .split('\n')
    .map((line) =>
      line
        .replace(/^\d+: /, '')
        .replace(/counter packets \d+ bytes \d+/g, 'counter')
        .replace(/ (?:tentative|link-netnsid \d+|link-netns \S+|nhid \d+|expires \d+sec)/g, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');

const LOOKS = {
  addresses: ['ip', '-o', 'addr', 'show'],
  routes: ['ip', '-d', 'route', 'show', 'table', 'all'],
  routes6: ['ip', '-d', '-6', 'route', 'show', 'table', 'all'],
  rules: ['ip', 'rule', 'show'],
  rules6: ['ip', '-6', 'rule', 'show'],
  packets: ['nft', 'list', 'ruleset'],
} as const;

type Look = keyof typeof LOOKS;
type Picture = Readonly<Record<Look, readonly string[]>>;

function picture(host: Host): Picture {
  const looks = Object.entries(LOOKS).map(([name, argv]) => {
    const lines = same(host.run([...argv]).stdout);
    return [name, lines] as const;
  });
  return Object.fromEntries(looks) as Picture;
}

/** When duplicate address detection is over, and two looks in a row agree: the kernel may leave out routes of IPv6 that change meanwhile. */
async function settledPicture(host: Host): Promise<Picture> {
  let [last, seen] = [picture(host), ''];
  for (const end = Date.now() + 180_000; seen !== JSON.stringify(last); last = picture(host)) {
    assert.ok(Date.now() < end, `${host.name} goes on changing`);
    seen = host.run(['ip', '-6', 'addr', 'show', 'tentative']).stdout === '' ? JSON.stringify(last) : '';
    await delay(50);
  }
  return last;
}

interface Case {
  readonly name: string;
  readonly lines: readonly string[];
}

const instance = (name: string, lines: readonly string[]): readonly string[] => [
  `vrrp_instance ${name} {`,
  '  version 3',
  '  state MASTER',
  '  priority 200',
  '  advert_int 0.1',
  '  garp_master_delay 0',
  ...lines.map((line) => `  ${line}`),
  '}',
];
const block = (keyword: string, lines: readonly string[]): readonly string[] => [`${keyword} {`, ...lines.map((line) => `  ${line}`), '}'];

const ROUTES = [
  '10.80.0.0/24 dev eth0',
  '10.80.1.0/24 via 10.99.0.9',
  'src 10.99.0.100 10.80.2.0/24 via 10.99.0.9 dev eth0 metric 7',
  '10.80.3.0/24 via 10.99.0.9 dev eth0 table 100',
  '10.80.4.0/24 dev eth1 scope link tos 0x10 table 1000',
  '10.80.5.0/24 via 10.99.0.9 dev eth0 mtu 1400 advmss lock 1300 rtt 100ms rttvar 1s window 5000 cwnd lock 10',
  '10.80.6.0/24 via 10.99.0.9 dev eth0 initcwnd 20 initrwnd 30 quickack 1 congctl reno features ecn hoplimit 9 ssthresh 4 reordering 5 rto_min 300ms',
  'blackhole 10.80.7.0/24',
  'unreachable 10.80.8.0/24 metric 50',
  'prohibit 10.80.9.0/24',
  'throw 10.80.10.0/24 table 100',
  'local 10.80.11.1 dev eth0 scope host',
  '10.80.12.0/24 nexthop via 10.99.0.9 dev eth0 weight 3 nexthop via 10.98.0.9 dev eth1 weight 1',
  '10.80.13.0/24 nexthop via 10.70.0.1 dev eth0 onlink nexthop via 10.98.0.9',
  '10.80.14.0/24 via 10.70.0.1 dev eth0 onlink',
  '10.80.15.0/24 via 10.99.0.9 dev eth0 realms 3/4',
  '10.80.17.0/24 via 10.99.0.9 dev eth0 protocol 99 no_track',
  '10.80.18.0/24 dev eth0 append',
  '10.80.18.0/24 via 10.99.0.9 dev eth0 append metric 3',
  '10.80.19.0/24 dev eth0 encap ip id 7 dst 10.1.1.1 src 10.99.0.1 ttl 9 tos 16',
  '10.80.20.0/24 nexthop via 10.99.0.9 dev eth0 realms 3 nexthop via 10.98.0.9 dev eth1',
  'default via 10.99.0.9 dev eth0 table 101',
  'fd00:80::/64 via fd00:99::9 dev eth0',
  'fd00:80:1::/64 dev eth1 metric 9 mtu 1300',
  'default6 via fe80::9 dev eth0 pref high table 101',
  'fd00:80:2::/64 via fd00:99::9 dev eth0 pref low',
  'blackhole fd00:80:3::/64',
  'fd00:80:4::/64 from fd00:99::/64 via fe80::9 dev eth0',
  'fd00:80:6::/64 dev eth0 encap ip6 id 7 dst fd00::1 hoplimit 9 tc 16',
  'fd00:80:5::/64 nexthop via fd00:99::9 dev eth0 nexthop via fd00:98::9 dev eth1 weight 2',
];
const RULES = [
  'from 10.99.0.100 table 100 preference 1000',
  'to 10.80.0.0/16 table 101 preference 1001',
  'from 10.99.0.0/24 to 10.80.0.0/24 iif eth0 table 100 preference 1002',
  'oif eth1 fwmark 0x10/0xff table 100 preference 1003',
  'not from 10.99.0.101 table 100 preference 1004',
  'from 10.99.0.102 blackhole preference 1005',
  'from 10.99.0.103 type unreachable preference 1006',
  'from 10.99.0.104 prohibit preference 1007',
  'from 10.99.0.105 goto 2000 preference 1008',
  'from 10.99.0.106 table main suppress_prefixlength 0 preference 1009',
  'from 10.99.0.107 table 100 uidrange 0-99 preference 1010',
  'from 10.99.0.108 table 100 ipproto tcp dport 80-90 preference 1011',
  'from 10.99.0.109 table 100 ipproto udp sport 53-54 preference 1012',
  'from 10.99.0.110 tos 0x10 table 100 preference 1013',
  'from 10.99.0.111 table 100 realms 3/4 preference 1014',
  'from all nop preference 2000',
  'from fd00:99::100 table 100 preference 1000',
  'to fd00:80::/64 blackhole preference 1001',
  'from fd00:99::/64 iif eth1 table 101 preference 1002',
];
const STATIC = [
  ...block('static_ipaddress', [
    '10.98.0.50/32 dev eth1',
    '10.97.0.1/24 brd + dev eth1 label eth1:s',
    'fd00:97::1/64 dev eth1',
    '10.97.1.1/24 dev eth1 noprefixroute scope site',
  ]),
  ...block('static_routes', ['10.81.0.0/24 via 10.98.0.9 dev eth1', 'blackhole 10.81.1.0/24', 'fd00:81::/64 dev eth1 metric 5']),
  ...block('static_rules', ['from 10.98.0.50 table 100 preference 900', 'iif eth1 table 101 preference 901']),
];
const place = (vrid: number): readonly string[] => ['interface eth0', `virtual_router_id ${vrid}`];

const cases: readonly Case[] = [
  {
    name: 'addresses, routes and rules of every kind',
    lines: [
      ...STATIC,
      ...instance('VI_1', [
        ...place(51),
        ...block('virtual_ipaddress', ['10.99.0.100', '10.99.0.101/24 brd + label eth0:v', '10.99.0.102/24 scope link dev eth1']),
        ...block('virtual_ipaddress_excluded', [
          'fd00:99::100',
          'fd00:99::101/64 -nodad home',
          'fd00:99::102/64 preferred_lft 0 mngtmpaddr',
        ]),
        ...block('virtual_routes', ROUTES),
        ...block('virtual_rules', RULES),
      ]),
    ],
  },
  {
    name: 'packets to addresses that are not accepted',
    lines: [
      ...block('global_defs', ['nftables lb', 'nftables_priority -7', 'nftables_counters']),
      ...instance('VI_1', [
        ...place(51),
        'no_accept',
        ...block('virtual_ipaddress', ['10.99.0.100', '10.99.0.101']),
        ...block('virtual_ipaddress_excluded', ['fd00:99::100', 'fe80::99:1/64']),
      ]),
      ...instance('VI_2', [...place(52), 'no_accept', ...block('virtual_ipaddress', ['10.99.0.110'])]),
      ...instance('VI_6', [...place(53), 'no_accept', ...block('virtual_ipaddress', ['fe80::99:100', 'fd00:99::110'])]),
    ],
  },
  {
    name: 'what iptables was asked for',
    lines: [
      ...block('global_defs', ['vrrp_iptables INPUT OUTPUT']),
      ...instance('VI_1', [...place(51), 'no_accept', ...block('virtual_ipaddress', ['10.99.0.100'])]),
    ],
  },
  {
    name: 'virtual MACs',
    lines: [
      ...block('global_defs', ['vrrp_strict', 'nftables', 'nftables_counters']),
      ...instance('VI_1', [...place(51), 'use_vmac', ...block('virtual_ipaddress', ['10.99.0.100/24'])]),
      ...instance('VI_6', [...place(52), 'use_vmac vr6', ...block('virtual_ipaddress', ['fe80::99:100', 'fd00:99::100/64'])]),
    ],
  },
];

/** The host with its daemon as master, and after its end. */
async function under(
  maker: Maker,
  { name, lines }: Case,
  number: number,
): Promise<{ readonly pictures: readonly [Picture, Picture]; readonly log: string }> {
  const bed = new Bed();
  const folder = mkdtempSync(join(tmpdir(), 'weir-host-'));
  bed.atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const host = bed.host(`${maker.charAt(0)}${number}`);
  const node = new Node(host, maker, 'eth0', folder);
  bed.atEnd(() => node.kill());
  try {
    furnish(host);
    node.start(lines.map((line) => `${line}\n`).join(''));
    const instances = lines.filter((line) => line.startsWith('vrrp_instance')).length;
    const masters = () => [...node.log.matchAll(/Entering MASTER STATE/g)].length;
    for (const end = Date.now() + 120_000; masters() < instances; await delay(20)) {
      assert.ok(Date.now() < end && !node.died, `${maker}, ${name}: not master\n${node.log}`);
    }
    // The last such line decides about routes and rules.
    await node.settled();
    const before = await settledPicture(host);
    await node.stop();
    return { pictures: [before, await settledPicture(host)], log: node.log };
  } finally {
    bed.close();
  }
}

describe('a host under ours and under Debian’s keepalived', { skip: skipWithoutPeer(), concurrency: true }, () => {
  for (const [number, one] of cases.entries()) {
    (number === 0 ? test : breadth)(one.name, async () => {
      const [ours, theirs] = await Promise.all([under('weir', one, number), under('debian', one, number)]);
      for (const look of Object.keys(LOOKS) as Look[]) {
        for (const [moment, when] of ['as master', 'after the end'].entries()) {
          const [mine, debians] = [ours.pictures[moment]?.[look] ?? [], theirs.pictures[moment]?.[look] ?? []];
          const only = { ours: mine.filter((line) => !debians.includes(line)), theirs: debians.filter((line) => !mine.includes(line)) };
          assert.deepEqual(only, { ours: [], theirs: [] }, `${look} ${when}\n${ours.log}\n${theirs.log}`);
          if (look === 'packets') assert.deepEqual(mine, debians, 'in the same order');
        }
      }
      assert.ok(ours.pictures[0].addresses.some((line) => line.includes('10.99.0.100')));
    });
  }
});
