// What a master puts on its host: addresses, routes and rules, as `ip` shows them, with the flags that keepalived gives them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostRoute, HostRule } from '../../src/model/keepalived/network.js';
import { ip } from '../support/ip.js';
import { noNamespaces } from '../support/netns-bed.js';
import { configuration, host, inBed, prefix, quick } from './vrrp-bed.js';

const options = { skip: noNamespaces() };

interface Shown {
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly broadcast?: string;
  readonly label?: string;
  readonly address?: string;
  readonly nodad?: boolean;
  readonly deprecated?: boolean;
  readonly home?: boolean;
  readonly noprefixroute?: boolean;
  readonly mngtmpaddr?: boolean;
}

/** `ip -j addr` of one interface in short: `LOCAL/LENGTH WORD…`. */
function shown(json: string): readonly string[] {
  const [{ addr_info: all = [] } = {}] = JSON.parse(json) as { addr_info?: Shown[] }[];
  return all.map((one) =>
    [
      `${one.local}/${one.prefixlen}`,
      one.scope,
      one.broadcast === undefined ? '' : `brd ${one.broadcast}`,
      one.label === undefined || one.label === 'v0' ? '' : `label ${one.label}`,
      one.address === undefined ? '' : `peer ${one.address}`,
      ...(['nodad', 'deprecated', 'home', 'noprefixroute', 'mngtmpaddr'] as const).filter((flag) => one[flag] === true),
    ]
      .filter((word) => word !== '')
      .join(' '),
  );
}

test('addresses with their flags, taken off at the stop', options, () =>
  inBed(async (bed) => {
    const addresses = [
      host('10.99.0.100'),
      host('10.99.0.101/24', { broadcast: 'derived', label: 'v0:1' }),
      host('10.99.0.102/25', { broadcast: ip('10.99.0.127'), scope: 200 }),
      host('10.99.2.1/24', { flags: ['noprefixroute'] }),
      host('10.99.3.1/24', { broadcast: 'zero' }),
      host('10.99.4.1', { peer: ip('10.99.4.2'), peerLength: 32 }),
    ];
    const excludedAddresses = [
      host('fd00:99::1'),
      host('fd00:99::2/64'),
      host('fd00:99::3/64', { preferredLifetime: 0 }),
      host('fd00:99::4/64', { flags: ['home', 'nodad'] }),
      host('fd00:99::5/64', { flags: ['mngtmpaddr'] }),
      host('fd00:99::7', { peer: ip('fd00:99::8'), peerLength: 128, preferredLifetime: 0 }),
    ];
    const before = shown(bed.here.ip('-j addr show v0'));
    const daemon = bed.start(configuration([{ ...quick, addresses, excludedAddresses }]));
    await daemon.logged(/Entering MASTER STATE/);
    await daemon.logged(/event: state/);
    await daemon.until('all of them', () => shown(bed.here.ip('-j addr show v0')).length === before.length + 12);
    const added = shown(bed.here.ip('-j addr show v0')).filter((one) => !before.includes(one));
    assert.deepEqual(
      [...added].sort(),
      [
        '10.99.0.100/32 global',
        '10.99.0.101/24 global brd 10.99.0.255 label v0:1',
        '10.99.0.102/25 site brd 10.99.0.127',
        '10.99.2.1/24 global noprefixroute',
        '10.99.3.1/24 global brd 10.99.3.0',
        '10.99.4.1/32 global peer 10.99.4.2',
        'fd00:99::1/128 global nodad deprecated',
        'fd00:99::2/64 global nodad',
        'fd00:99::3/64 global nodad deprecated',
        'fd00:99::4/64 global home',
        'fd00:99::5/64 global nodad mngtmpaddr',
        'fd00:99::7/128 global peer fd00:99::8 nodad deprecated',
      ].sort(),
    );
    assert.equal(await daemon.stop(), 0);
    assert.deepEqual(shown(bed.here.ip('-j addr show v0')), before);
  }),
);

test('what a crashed run left is taken off at the start', options, () =>
  inBed(async (bed) => {
    bed.here.ip('addr add 10.99.0.100/24 dev v0');
    const daemon = bed.start(configuration([{ ...quick, advertUs: 40_950_000 }]));
    await daemon.logged(/event: ready/);
    assert.ok(!bed.here.ip('-4 addr show v0').includes('10.99.0.100'));
  }),
);

test('an address that another program takes off comes back; one with no_track does not', options, () =>
  inBed(async (bed) => {
    const daemon = bed.start(configuration([{ ...quick, addresses: [host('10.99.0.100/24'), host('10.99.0.101/24', { noTrack: true })] }]));
    await daemon.logged(/Entering MASTER STATE/);
    await daemon.until('both addresses', () => /0\.100.*0\.101/s.test(bed.here.ip('-4 addr show v0')));
    const lines = daemon.lines.length;
    bed.here.ip('addr del 10.99.0.101/24 dev v0');
    bed.here.ip('addr del 10.99.0.100/24 dev v0');
    await daemon.logged(/Netlink reflector reports IP 10\.99\.0\.100 removed from v0/, lines);
    await daemon.logged(/Entering BACKUP STATE/, lines);
    await daemon.logged(/Entering MASTER STATE/, lines);
    await daemon.until('the address', () => bed.here.ip('-4 addr show v0').includes('10.99.0.100'));
    assert.ok(!daemon.lines.some((line) => line.includes('10.99.0.101 removed')));
  }),
);

const route = (more: Partial<HostRoute>): HostRoute => ({
  family: 'inet',
  type: 'unicast',
  to: prefix('10.90.0.0/24'),
  nextHops: [],
  onlink: false,
  metrics: [],
  insert: 'prepend',
  noTrack: true,
  ...more,
});
const rule = (more: Partial<HostRule>): HostRule => ({
  family: 'inet',
  not: false,
  action: { kind: 'table', table: 50 },
  l3mdev: false,
  noTrack: true,
  ...more,
});
const via = ip('10.99.0.254');
const ROUTES: readonly HostRoute[] = [
  route({ to: prefix('10.90.1.0/24'), source: ip('10.99.0.100'), via, dev: 'v0', metric: 10, noTrack: false }),
  route({ to: prefix('10.90.2.0/24'), dev: 'v0', scope: 253, table: 50 }),
  route({ to: prefix('10.90.3.0/24'), type: 'unreachable' }),
  route({ to: prefix('10.90.4.0/24'), type: 'blackhole' }),
  route({ to: prefix('10.90.6.0/24'), type: 'throw', table: 50 }),
  route({
    to: prefix('10.90.7.0/24'),
    nextHops: [
      { via: ip('10.99.0.253'), dev: 'v0', weight: 1, onlink: false },
      { via, dev: 'v0', weight: 2, onlink: false },
    ],
  }),
  route({
    to: prefix('0.0.0.0/0'),
    via: ip('10.99.0.2'),
    dev: 'v0',
    table: 1060,
    metrics: [
      { name: 'mtu', value: 1400, lock: true },
      { name: 'advmss', value: 1300, lock: false },
    ],
  }),
  route({ to: prefix('10.90.8.0/24'), via, dev: 'v0', tos: 0x10 }),
  route({ family: 'inet6', to: prefix('fd00:90::/64'), via: ip('fe80::2'), dev: 'v0' }),
];
const RULES: readonly HostRule[] = [
  rule({ from: prefix('10.99.0.100'), preference: 100, noTrack: false }),
  rule({ to: prefix('10.90.0.0/16'), action: { kind: 'table', table: 60 }, preference: 101, suppressPrefixLength: 8 }),
  rule({ fwmark: { mark: 0x10, mask: 0xff }, iif: 'v0', preference: 102 }),
  rule({ from: prefix('10.99.0.101'), action: { kind: 'blackhole' }, preference: 103 }),
  rule({ from: prefix('10.99.0.102'), action: { kind: 'goto', preference: 500 }, preference: 104 }),
  rule({ family: 'inet6', from: prefix('fd00:99::5'), preference: 105 }),
  rule({ ipProtocol: 6, destinationPort: { from: 80, to: 90 }, preference: 106 }),
  rule({ uidRange: { from: 0, to: 100 }, preference: 107 }),
  rule({ not: true, from: prefix('10.99.0.104'), tos: 0x10, preference: 109 }),
  rule({ oif: 'v0', action: { kind: 'unreachable' }, preference: 110 }),
];

const words = (text: string): readonly string[] =>
  text
    .replaceAll('\n\t', ' ')
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/ (linkdown|onlink)\b/g, '')
        .trim(),
    )
    .filter((line) => line !== '');

test('routes and rules carry protocol keepalived and go at the stop', options, () =>
  inBed(async (bed) => {
    const rules = (): readonly string[] =>
      words(bed.here.ip('-4 rule show') + bed.here.ip('-6 rule show')).filter((line) => /^1\d\d:/.test(line));
    const routes = (): readonly string[] =>
      words(bed.here.ip('-4 route show table all proto 18') + bed.here.ip('-6 route show table all proto 18'));
    const daemon = bed.start(configuration([{ ...quick, routes: ROUTES, rules: RULES }]));
    await daemon.logged(/Entering MASTER STATE/);
    await daemon.until('all rules', () => rules().length === RULES.length);
    assert.deepEqual(
      [...routes()].sort(),
      [
        '10.90.1.0/24 via 10.99.0.254 dev v0 src 10.99.0.100 metric 10',
        '10.90.2.0/24 dev v0 table 50 scope link',
        'unreachable 10.90.3.0/24',
        'blackhole 10.90.4.0/24',
        'throw 10.90.6.0/24 table 50',
        '10.90.7.0/24 nexthop via 10.99.0.253 dev v0 weight 1 nexthop via 10.99.0.254 dev v0 weight 2',
        'default via 10.99.0.2 dev v0 table 1060 mtu lock 1400 advmss 1300',
        '10.90.8.0/24 tos 0x10 via 10.99.0.254 dev v0',
        'fd00:90::/64 via fe80::2 dev v0 metric 1024 pref medium',
      ].sort(),
    );
    assert.deepEqual(rules(), [
      '100: from 10.99.0.100 lookup 50 proto keepalived',
      '101: from all to 10.90.0.0/16 lookup 60 suppress_prefixlength 8 proto keepalived',
      '102: from all fwmark 0x10/0xff iif v0 lookup 50 proto keepalived',
      '103: from 10.99.0.101 blackhole proto keepalived',
      '104: from 10.99.0.102 goto 500 [unresolved] proto keepalived',
      '106: from all ipproto tcp dport 80-90 lookup 50 proto keepalived',
      '107: from all uidrange 0-100 lookup 50 proto keepalived',
      '109: not from 10.99.0.104 tos 0x10 lookup 50 proto keepalived',
      '110: from all oif v0 unreachable proto keepalived',
      '105: from fd00:99::5 lookup 50 proto keepalived',
    ]);
    const lines = daemon.lines.length;
    bed.here.ip('route del 10.90.1.0/24 metric 10');
    await daemon.logged(/Entering MASTER STATE/, lines);
    await daemon.until('the route', () => routes().some((line) => line.startsWith('10.90.1.0/24')));
    const again = daemon.lines.length;
    bed.here.ip('rule del preference 100');
    await daemon.logged(/Entering MASTER STATE/, again);
    await daemon.until('the rule', () => rules().length === RULES.length);
    await daemon.stop();
    assert.deepEqual([routes(), rules()], [[], []]);
  }),
);
