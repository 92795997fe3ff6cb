import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../../test/support/ip.js';
import { readRouteLine } from '../../../../../test/support/keepalived-text.js';
import fc from '../../../../../test/support/properties.js';
import type { HostRoute } from '../../../../model/keepalived/network.js';

const NET = '192.168.9.0/24 dev eth0';
const NET6 = '2001:db8:9::/64 dev eth0';

const optionCases: [string, Partial<HostRoute>][] = [
  [
    NET,
    {
      family: 'inet',
      type: 'unicast',
      to: { address: ip('192.168.9.0'), length: 24 },
      dev: 'eth0',
      insert: 'prepend',
      protocol: 18,
      noTrack: false,
    },
  ],
  ['to 192.168.9.5 dev eth0', { to: { address: ip('192.168.9.5'), length: 32 } }],
  ['default via 10.99.0.9 dev eth0', { to: { address: ip('0.0.0.0'), length: 0 }, via: ip('10.99.0.9') }],
  ['default via fe80::9 dev eth0', { family: 'inet6', to: { address: ip('::'), length: 0 } }],
  ['default6 dev eth0', { family: 'inet6' }],
  ['src 10.99.0.1 192.168.9.0/24 dev eth0', { source: ip('10.99.0.1') }],
  [`${NET6} from 2001:db8::/32`, { from: { address: ip('2001:db8::'), length: 32 } }],
  [`${NET} table main`, { table: 254 }],
  [`${NET} table 100`, { table: 100 }],
  [`${NET} tos 0x10`, { tos: 16 }],
  [`${NET} dsfield 8`, { tos: 8 }],
  [`${NET} protocol static no_track`, { protocol: 4, noTrack: true }],
  [`${NET} scope host`, { scope: 254 }],
  [`${NET} metric 10`, { metric: 10 }],
  [`${NET} priority 10`, { metric: 10 }],
  [`${NET} preference 10`, { metric: 10 }],
  [
    `${NET} mtu lock 1400 hoplimit 64 advmss 1300`,
    {
      metrics: [
        { name: 'mtu', value: 1400, lock: true },
        { name: 'hoplimit', value: 64, lock: false },
        { name: 'advmss', value: 1300, lock: false },
      ],
    },
  ],
  [
    `${NET} rtt 1s rttvar 1001 rto_min 300 rtt 121s`,
    {
      metrics: [
        { name: 'rttvar', value: 250.25, lock: false },
        { name: 'rto_min', value: 300, lock: false },
        { name: 'rtt', value: 120_000, lock: false },
      ],
    },
  ],
  [
    `${NET} cwnd lock 10 window 9 ssthresh 8 reordering 3 initcwnd 1 initrwnd 2`,
    {
      metrics: [
        ['cwnd', 10, true],
        ['window', 9, false],
        ['ssthresh', 8, false],
        ['reordering', 3, false],
        ['initcwnd', 1, false],
        ['initrwnd', 2, false],
      ].map(([name, value, lock]) => ({ name, value, lock })) as HostRoute['metrics'],
    },
  ],
  [
    `${NET} quickack 1 fastopen_no_cookie 0 features ecn`,
    {
      metrics: [
        { name: 'quickack', value: 1, lock: false },
        { name: 'fastopen_no_cookie', value: 0, lock: false },
        { name: 'features', value: 1, lock: false },
      ],
    },
  ],
  [`${NET} congctl lock cubic`, { congestionControl: { name: 'cubic', lock: true } }],
  [`${NET} realms 1/2`, { realms: 0x10002 }],
  [`${NET} onlink append`, { onlink: true, insert: 'append' }],
  [`blackhole ${NET}`, { type: 'blackhole', insert: 'add' }],
  [`${NET6} pref high expires 100`, { pref: 'high', expires: 100 }],
  [`${NET} track_group TG`, { trackGroup: 'TG' }],
  [
    `${NET} nexthop via 10.99.0.9 dev eth0 weight 2 nexthop via inet 10.99.1.9 onlink`,
    {
      nextHops: [
        { via: ip('10.99.0.9'), dev: 'eth0', weight: 2, onlink: false },
        { via: ip('10.99.1.9'), weight: 1, onlink: true },
      ],
    },
  ],
  [
    `${NET} encap ip id 1 dst 10.0.0.1 src 10.0.0.2 tos 16 ttl 9 flags 3 ttl-propagate enabled vrf red`,
    {
      encap: { kind: 'ip', id: 1n, destination: ip('10.0.0.1'), source: ip('10.0.0.2'), tos: 16, ttl: 9, flags: 3 },
      ttlPropagate: true,
      vrf: 'red',
    },
  ],
  [
    `${NET} encap ip6 dst fe80::1 tc 0x10 hoplimit 3 metric 5`,
    { encap: { kind: 'ip6', destination: ip('fe80::1'), tos: 16, ttl: 3 }, metric: 5 },
  ],
  [`${NET} encap mpls 100/0x20 metric 5`, { encap: { kind: 'mpls', labels: [100, 32] }, metric: 5 }],
  [`${NET} encap ila 1:2:3:fF`, { encap: { kind: 'ila', locator: [1, 2, 3, 255] } }],
  [
    `${NET} nexthop via 10.99.0.9 encap mpls 16 realms 1/2 weight 2 nexthop dev eth1`,
    {
      nextHops: [
        { via: ip('10.99.0.9'), weight: 2, onlink: false, realms: 0x10002, encap: { kind: 'mpls', labels: [16] } },
        { dev: 'eth1', weight: 1, onlink: false },
      ],
    },
  ],
];

test('options of a route line', () => {
  for (const [line, expected] of optionCases) {
    const { route, errors } = readRouteLine(line);
    assert.deepEqual(errors, [], line);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(route?.[key as keyof HostRoute], value, `${line}: ${key}`);
  }
});

test('of a metric that is set twice the last value counts', () => {
  assert.deepEqual(readRouteLine(`${NET} mtu 1 hoplimit 2 mtu 3`).route?.metrics, [
    { name: 'hoplimit', value: 2, lock: false },
    { name: 'mtu', value: 3, lock: false },
  ]);
});

test('an invalid tunnel is reported, and the route is used without it', () => {
  const cases: [string, string[]][] = [
    ['bogus', ['Unknown encap type - bogus']],
    ['mpls 1048576', ['invalid mpls address 1048576 for encapsulation']],
    ['ila 1:2:3', ['invalid locator 1:2:3 for ila encapsulation']],
    ['ip ttl 3', ['address or id missing for ip encapsulation']],
    ['ip dst fe80::1', ['IPv6 address fe80::1 not valid for ip encapsulation']],
    ['ip6 dst 10.0.0.1', ['IPv4 address 10.0.0.1 not valid for ip6 encapsulation']],
    ['ip id 18446744073709551616', ['encap id 18446744073709551616 value is invalid']],
    ['ip id 1 tos bogus', ['dsfield bogus not valid for ip encapsulation']],
    ['ip6 id 1 hoplimit 256', ["number '256' outside range [0, 255]", 'Invalid hoplimit 256 specified for ip6 encapsulation']],
  ];
  for (const [encap, expected] of cases) {
    const { route, errors } = readRouteLine(`${NET} encap ${encap}`);
    assert.deepEqual([errors, route?.encap], [expected, undefined], encap);
    assert.ok(route !== undefined, encap);
  }
});

const untracked = (to: string): string => `Warning - cannot track route ${to} with no interface specified, not tracking`;

test("errors in a route line are reported in keepalived's words", () => {
  const cases: [string, string[], boolean][] = [
    ['192.168.9.0/24', [untracked('192.168.9.0/24')], true],
    [`192.168.9.0/24 gw 10.99.0.9 dev eth0`, ['"gw" for routes is deprecated. Please use "via"'], true],
    ['abc dev eth0', ['VRRP parsed invalid IP abc. skipping IP...', 'unknown route keyword abc'], false],
    ['via 10.99.0.9 dev eth0', ['Route must have a destination'], false],
    [`${NET} via fe80::9`, ['Cannot mix IPv4 and IPv6 addresses for route'], false],
    [`${NET} via abc`, ['VRRP parsed invalid IP abc. skipping IP...', 'invalid route via address abc'], false],
    [`${NET} src abc`, ['VRRP parsed invalid IP abc. skipping IP...', 'invalid route src address abc'], false],
    [`${NET} from 10.0.0.0/8`, ['route from address only supported with IPv6 (10.0.0.0/8)'], false],
    [`${NET} table bogus`, ['Routing table bogus not found for route'], false],
    [`${NET} tos 256`, ['TOS value 256 is invalid'], false],
    [`${NET} protocol static`, ['Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol'], true],
    [`${NET} protocol 256`, ['Protocol 256 not found or invalid for route'], false],
    [`${NET} scope 300`, ['Scope 300 not found or invalid for route'], false],
    [`${NET} metric -1`, ["negative number '-1'", 'Invalid metric -1 specified for route'], false],
    [`${NET} mtu abc`, ["invalid number 'abc'", 'Invalid MTU abc specified for route'], false],
    [`${NET} rtt abc`, ['Invalid rtt abc specified for route'], false],
    [`${NET} realms bogus`, ['Invalid realms bogus for route'], false],
    [`${NET} features bogus`, ['feature bogus not supported'], true],
    [`${NET} quickack 2`, ["number '2' outside range [0, 1]", 'Invalid quickack value 2 specified for route'], false],
    [`${NET6} pref bogus`, ["invalid number 'bogus'", 'Invalid pref value bogus specified for route'], false],
    [`${NET} pref low`, ['pref is only valid for IPv6'], false],
    [`${NET} expires 100`, ['expires is only valid for IPv6'], false],
    [`${NET6} expires x`, ["invalid number 'x'", 'Invalid expires time x specified for route'], false],
    [`${NET} ttl-propagate bogus`, ['ttl-propagate value bogus not recognised'], true],
    [`${NET} as to 192.168.8.0/24`, ['"as to" for MPLS only - ignoring'], true],
    [`${NET} encap bogus`, ['Unknown encap type - bogus'], true],
    [`${NET} track_group TX`, ['track_group TX not found'], true],
    [
      '192.168.9.0/24 nexthop via 10.99.0.9 weight 257',
      ["number '257' outside range [0, 256]", 'Invalid weight 257 specified for route', untracked('192.168.9.0/24')],
      true,
    ],
    ['192.168.9.0/24 nexthop weight 0', ['Invalid weight 0 specified for route', untracked('192.168.9.0/24')], true],
    [
      '192.168.9.0/24 nexthop via abc',
      ['VRRP parsed invalid IP abc. skipping IP...', 'invalid nexthop address abc', untracked('192.168.9.0/24')],
      true,
    ],
    [`192.168.9.0/24 nexthop via 10.99.0.9 foo`, ['Route has trailing nonsense after nexthops - foo', untracked('192.168.9.0/24')], true],
    ['192.168.9.0/24 via 10.99.0.9 or 10.99.0.8 dev eth0', ['"or" for routes is deprecated. Please use "nexthop"'], true],
  ];
  for (const [line, reported, used] of cases) {
    const { route, errors } = readRouteLine(line);
    assert.deepEqual(errors, reported, line);
    assert.equal(route !== undefined, used, line);
  }
});

test('an option without its value is fatal', () => {
  for (const [line, place] of [
    [`${NET} table`, 'table` at word position 5'],
    ['192.168.9.0/24 dev', 'dev` at word position 3'],
  ] as const) {
    assert.throws(() => readRouteLine(line), new RegExp(`is missing a parameter after keyword \`${place}`));
  }
});

test('any words are read or reported', () => {
  const word = fc.constantFrom(
    'via',
    'dev',
    'table',
    'nexthop',
    'weight',
    'or',
    'encap',
    'ip',
    'default',
    '10.0.0.0/8',
    'fe80::1',
    '7',
    'lock',
    'mtu',
    'blackhole',
    'from',
    'eth0',
  );
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      try {
        const { route, errors } = readRouteLine(words.join(' '));
        assert.ok(route !== undefined || errors.length > 0);
      } catch (error) {
        assert.match(String(error), /is missing a parameter/);
      }
    }),
    { numRuns: 300 },
  );
});
