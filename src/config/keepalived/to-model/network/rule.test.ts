import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../../test/support/ip.js';
import { readRuleLine, readText } from '../../../../../test/support/keepalived-text.js';
import fc from '../../../../../test/support/properties.js';
import type { HostRule } from '../../../../model/keepalived/network.js';

const REST = 'table 100 preference 100';
const everything = { address: ip('0.0.0.0'), length: 0 };

test('options of a rule line', () => {
  const cases: [string, Partial<HostRule>][] = [
    [
      `from 10.0.0.0/8 ${REST}`,
      {
        family: 'inet',
        from: { address: ip('10.0.0.0'), length: 8 },
        action: { kind: 'table', table: 100 },
        preference: 100,
        protocol: 18,
        not: false,
      },
    ],
    [`not from 10.0.0.0/8 to 10.1.0.0/16 ${REST}`, { not: true, to: { address: ip('10.1.0.0'), length: 16 } }],
    [`from all ${REST}`, { from: everything }],
    [`to any from 2001:db8::/32 ${REST}`, { family: 'inet6', to: { address: ip('::'), length: 0 } }],
    [`inet6 from all ${REST}`, { family: 'inet6' }],
    ['from all lookup main order 5', { action: { kind: 'table', table: 254 }, preference: 5 }],
    ['from all goto 200 priority 100', { action: { kind: 'goto', preference: 200 } }],
    ['from all nop preference 1', { action: { kind: 'nop' } }],
    ['from all type blackhole preference 1', { action: { kind: 'blackhole' } }],
    ['from all unreachable preference 1', { action: { kind: 'unreachable' } }],
    ['from all prohibit preference 1', { action: { kind: 'prohibit' } }],
    ['l3mdev preference 1', { l3mdev: true }],
    [`tos 0x10 ${REST}`, { tos: 16 }],
    [`dsfield 16 ${REST}`, { tos: 16 }],
    [`fwmark 0x10/0xff ${REST}`, { fwmark: { mark: 16, mask: 255 } }],
    [`fwmark 1 ${REST}`, { fwmark: { mark: 1 } }],
    [`iif eth0 oif eth1 ${REST}`, { iif: 'eth0', oif: 'eth1' }],
    [`dev eth0 ${REST}`, { iif: 'eth0' }],
    [`from all realms 1/2 ${REST}`, { realms: 0x10002 }],
    [`from all suppress_prefixlength 0 suppress_ifgroup default ${REST}`, { suppressPrefixLength: 0, suppressGroup: 0 }],
    [`from all sup_pl 8 sup_group 1 ${REST}`, { suppressPrefixLength: 8, suppressGroup: 1 }],
    [`uidrange 10-20 ${REST}`, { uidRange: { from: 10, to: 20 } }],
    [
      `from all protocol 7 ipproto tcp sport 10-20 dport 80 ${REST}`,
      { protocol: 7, ipProtocol: 6, sourcePort: { from: 10, to: 20 }, destinationPort: { from: 80, to: 80 } },
    ],
    [`tunnel-id 18446744073709551615 ${REST}`, { tunnelId: 18446744073709551615n }],
    [`from 10.0.0.0/8 ${REST} no_track`, { noTrack: true, protocol: undefined as never }],
    [`from 10.0.0.0/8 ${REST} track_group TG`, { trackGroup: 'TG' }],
  ];
  for (const [line, expected] of cases) {
    const { rule, errors } = readRuleLine(line);
    assert.deepEqual(errors, [], line);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(rule?.[key as keyof HostRule], value, `${line}: ${key}`);
  }
});

const TWICE = 'Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable for rule';

test("errors in a rule line are reported in keepalived's words, and the rule is left out", () => {
  const cases: [string, string[]][] = [
    [`from abc ${REST}`, ['VRRP parsed invalid IP abc. skipping IP...', 'Invalid rule from address abc']],
    [`to abc ${REST}`, ['VRRP parsed invalid IP abc. skipping IP...', 'Invalid rule to address abc']],
    [`from 2001:db8::/32 to 10.0.0.0/8 ${REST}`, ['rule specification has mixed IPv4 and IPv6']],
    ['from 10.0.0.0/8', ['No action specified for rule - ignoring']],
    ['from 10.0.0.0/8 table bogus preference 100', ['Routing table bogus not found for rule']],
    ['from 10.0.0.0/8 table 0 preference 100', ['Table 0 is not valid']],
    ['from all table 100 preference abc', ["invalid number 'abc'", 'Invalid rule preference preference specified']],
    [`tos 256 ${REST}`, ['TOS value 256 is invalid']],
    [`fwmark abc ${REST}`, ['Invalid rule fwmark abc specified']],
    [`fwmark 4294967296 ${REST}`, ['Invalid rule fwmark 4294967296 specified']],
    [`from all realms bogus ${REST}`, ['invalid realms bogus for rule']],
    ['from all goto 50 preference 100', ['Invalid rule - preference 100 >= goto target 50']],
    ['from all goto abc preference 100', ["invalid number 'abc'", 'Invalid target goto specified']],
    ['from all goto 200 table 100 preference 100', [TWICE]],
    ['l3mdev table 100 preference 100', [TWICE]],
    ['from all table 100 l3mdev', [TWICE]],
    ['from all type bogus preference 1', ['Unknown rule option bogus']],
    ['from all nat 10.0.0.1 preference 1', ['Invalid rule action nat']],
    ['foo', ['Unknown rule option foo']],
    [
      `from all suppress_prefixlength abc ${REST}`,
      ["invalid number 'abc'", 'Invalid suppress_prefixlength suppress_prefixlength specified'],
    ],
    [`from all suppress_ifgroup bogus ${REST}`, ['Invalid suppress_ifgroup suppress_ifgroup specified']],
    [`uidrange 10 ${REST}`, ['Invalid uidrange uidrange specified']],
    [`from all ipproto bogus ${REST}`, ['Invalid ipproto bogus']],
    [`from all sport 20-10 ${REST}`, ['invalid sport range 20-10']],
    [`from all dport 65536 ${REST}`, ['invalid dport range 65536']],
    [`from all tunnel-id abc ${REST}`, ["invalid number 'abc'", 'Invalid tunnel-id tunnel-id specified']],
  ];
  for (const [line, reported] of cases) {
    const { rule, errors } = readRuleLine(line);
    assert.deepEqual(errors, reported, line);
    assert.equal(rule, undefined, line);
  }
});

test('an invalid protocol or track_group is reported, and the rule is used', () => {
  for (const [line, reported] of [
    [`from all protocol bogus ${REST}`, ["invalid number 'bogus'", 'Invalid protocol bogus']],
    [`from all ${REST} track_group TX`, ['track_group TX not found']],
  ] as const) {
    const { rule, errors } = readRuleLine(line);
    assert.deepEqual(errors, reported, line);
    assert.deepEqual(rule?.action, { kind: 'table', table: 100 });
  }
});

test('rules without preference are numbered downwards through the file', () => {
  const { configuration, errors } = readText(
    'static_rules {\nfrom 10.0.0.1 table 1\nfrom 10.0.0.2 table 1 preference 7\n}\nvrrp_instance V1 {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.9\n}\nvirtual_rules {\nfrom 10.0.0.3 table 1\n}\n}',
  );
  assert.deepEqual(
    configuration.root.staticRules.map((rule) => rule.preference),
    [16384, 7],
  );
  assert.deepEqual(
    configuration.instances[0]?.rules.map((rule) => rule.preference),
    [16383],
  );
  const text = (n: number): string => `Rule has no preference specified - setting to ${n}. This is probably not what you want.`;
  assert.deepEqual(errors, [text(16384), text(16383)]);
});

test('any words are read or reported', () => {
  const word = fc.constantFrom(
    'from',
    'to',
    'all',
    'not',
    'table',
    '100',
    'goto',
    'l3mdev',
    'fwmark',
    '1/2',
    '10.0.0.0/8',
    'fe80::/10',
    'sport',
    '1-2',
    'type',
    'nop',
    'inet6',
    'preference',
  );
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      try {
        const { rule, errors } = readRuleLine(words.join(' '));
        assert.ok(rule !== undefined || errors.length > 0);
      } catch (error) {
        assert.match(String(error), /is missing a parameter/);
      }
    }),
    { numRuns: 300 },
  );
});
