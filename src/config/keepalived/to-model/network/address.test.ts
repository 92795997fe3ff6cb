import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../../test/support/ip.js';
import { instanceText, readAddressLine, readText } from '../../../../../test/support/keepalived-text.js';
import fc from '../../../../../test/support/properties.js';
import { formatAddress } from '../../../../model/address-text.js';
import type { HostAddress } from '../../../../model/keepalived/network.js';

const a4 = ip('10.99.0.100');

test('options of an address line', () => {
  const cases: [string, Partial<HostAddress>][] = [
    ['10.99.0.100', { address: a4, prefixLength: 32, dev: 'eth0', flags: [], noTrack: false }],
    ['10.99.0.100/24 dev eth1', { prefixLength: 24, dev: 'eth1' }],
    ['10.99.0.100/', { prefixLength: 0 }],
    ['fe80::1', { address: ip('fe80::1'), prefixLength: 128, preferredLifetime: 0 }],
    ['fe80::1 preferred_lft forever', { preferredLifetime: 'forever' }],
    ['fe80::1/64 preferred_lft 10', { preferredLifetime: 10 }],
    ['10.99.0.100/24 brd 10.99.0.255', { broadcast: ip('10.99.0.255') }],
    ['10.99.0.100/24 brd +', { broadcast: 'derived' }],
    ['10.99.0.100/24 broadcast -', { broadcast: 'zero' }],
    ['10.99.0.100 scope link', { scope: 253 }],
    ['10.99.0.100 scope 200', { scope: 200 }],
    ['10.99.0.100 label eth0:1', { label: 'eth0:1' }],
    ['10.99.0.100 peer 10.99.0.101', { peer: ip('10.99.0.101'), peerLength: 32 }],
    ['10.99.0.100 home -nodad mngtmpaddr noprefixroute autojoin', { flags: ['home', 'nodad', 'mngtmpaddr', 'noprefixroute', 'autojoin'] }],
    ['10.99.0.100 no_track', { noTrack: true }],
    ['10.99.0.100 track_group TG', { trackGroup: 'TG' }],
  ];
  for (const [line, expected] of cases) {
    const { address, errors } = readAddressLine(line);
    assert.deepEqual(errors, [], line);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(address?.[key as keyof HostAddress], value, `${line}: ${key}`);
  }
});

test("errors in an address line are reported in keepalived's words, and the line is used if possible", () => {
  const cases: [string, string[], boolean][] = [
    ['10.99.0.100/33', ["number '33' outside range [0, 32]", 'Invalid address prefix len 33 for address 10.99.0.100/33 - using 32'], true],
    ['fe80::1/129', ["number '129' outside range [0, 128]", 'Invalid address prefix len 129 for address fe80::1/129 - using 128'], true],
    ['10.99.0.300', ['VRRP parsed invalid IP 10.99.0.300. skipping IP...'], false],
    ['010.099.000.100', ['VRRP parsed invalid IP 010.099.000.100. skipping IP...'], false],
    ['10.99.0.100 dev', ['No dev parameter specified for 10.99.0.100'], false],
    ['10.99.0.100/24 brd abc', ['VRRP is trying to assign invalid broadcast abc. skipping VIP...'], false],
    ['10.99.0.100/24 brd fe80::1', ['VRRP is trying to assign invalid broadcast fe80::1. skipping VIP...'], false],
    ['fe80::1/64 brd +', ['VRRP is trying to assign a broadcast brd to the IPv6 address fe80::1/64 !!?? WTF... skipping VIP...'], false],
    ['10.99.0.100/31 brd +', ['Address prefix length 31 too long for broadcast'], true],
    ['10.99.0.100 scope 256', ["Invalid scope '256' specified for 10.99.0.100 - ignoring"], true],
    ['fe80::1 scope link', ['Cannot specify scope for IPv6 addresses (fe80::1) - ignoring scope'], true],
    [
      '10.99.0.100 label eth0:averylonglabelname',
      ['Address label eth0:averylonglabelname is longer than maximum length 15 - removing address'],
      false,
    ],
    ['fe80::1 label eth0:1', ['Cannot specify label for IPv6 addresses (fe80::1) - ignoring label'], true],
    ['10.99.0.100 peer fe80::2', ['Peer address fe80::2 does not match address family'], true],
    ['10.99.0.100 peer abc', ['VRRP parsed invalid IP abc. skipping IP...', 'Invalid peer address abc'], true],
    ['10.99.0.100 preferred_lft -1', ["negative number '-1'", 'preferred_lft -1 is invalid'], true],
    ['10.99.0.100 dev eth0 dev eth1', ['Cannot specify ipaddress device more than once for 10.99.0.100'], false],
    ['10.99.0.100 10.99.0.101', ["Unknown configuration entry '10.99.0.101' for ip address - ignoring"], true],
    ['10.99.0.100 use_vmac', ["Unknown configuration entry 'use_vmac' for ip address - ignoring"], true],
    ['10.99.0.100 track_group TX', ['track_group TX not found'], true],
  ];
  for (const [line, reported, used] of cases) {
    const { address, errors } = readAddressLine(line);
    assert.deepEqual(errors, reported, line);
    assert.equal(address !== undefined, used, line);
  }
});

test('a virtual address may have a macvlan of its own, and no track_group', () => {
  const { configuration, errors } = readText(instanceText([]).replace('10.99.0.100', '10.99.0.100 dev eth1 use_vmac track_group TG'));
  assert.deepEqual(configuration.instances[0]?.addresses[0]?.virtualInterface, { kind: 'vmac' });
  assert.deepEqual(errors, [
    "Unknown configuration entry 'track_group' for ip address - ignoring",
    "Unknown configuration entry 'TG' for ip address - ignoring",
  ]);
});

test('any words behind an address are read or reported, and nothing throws', () => {
  const word = fc.constantFrom(
    'dev',
    'brd',
    'scope',
    'label',
    'peer',
    'home',
    '+',
    '-',
    '10.0.0.1',
    'fe80::1',
    'eth0',
    '7',
    'no_track',
    '"a b"',
  );
  fc.assert(
    fc.property(fc.ipV4(), fc.array(word), (address, words) => {
      const read = readAddressLine([address, ...words].join(' '));
      assert.ok(read.address !== undefined || read.errors.length > 0);
      if (read.address !== undefined) assert.equal(formatAddress(read.address.address), address);
    }),
    { numRuns: 200 },
  );
});
