import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { formatAddress } from '../../model/address-text.js';
import { isIpvsadmError } from './usage-error.js';
import {
  type Lookup,
  parseFwmark,
  parseInteger,
  parseIpv4Netmask,
  parseIpv6Netmask,
  parseMulticastGroup,
  parseSchedulerFlags,
  parseServiceAddress,
  parseTimeout,
} from './values.js';

const lookup: Lookup = {
  host: (name) => (name === 'web' ? { family: 'inet', words: [0x0a000005] } : undefined),
  port: (name, protocol) => (name === 'domain' && protocol === 'udp' ? 53 : name === 'http' && protocol === 'tcp' ? 80 : undefined),
};

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(isIpvsadmError(error));
    assert.equal(error.exitStatus, 2);
    return error.message;
  }
  return 'nothing was refused';
}

/** `address port`, or `illegal` */
function parsed(text: string, protocol: 'tcp' | 'udp' | undefined = 'tcp'): string {
  const result = parseServiceAddress(text, protocol, lookup);
  return result === undefined ? 'illegal' : `${formatAddress(result.address)} ${result.port ?? 'none'}`;
}

test('a service address: host[:port], [v6]:port', () => {
  const samples: Record<string, string> = {
    '10.0.0.1:80': '10.0.0.1 80',
    '10.0.0.1': '10.0.0.1 none',
    '10.1:+80': '10.0.0.1 80',
    '10.1: 80': '10.0.0.1 80',
    '10.0.0.1:http': '10.0.0.1 80',
    'web:80': '10.0.0.5 80',
    '[2001:db8::1]:80': '2001:db8::1 80',
    '2001:db8::1': '2001:db8::1 none',
    '::1:80': '::0.1.0.128 none',
    '[1.2.3.4]:80': '1.2.3.4 none',
    '10.0.0.1:-0': '10.0.0.1 0',
    '10.0.0.1:65535': '10.0.0.1 65535',
  };
  for (const [text, expected] of Object.entries(samples)) assert.equal(parsed(text), expected, text);
  for (const text of [
    '',
    '80',
    ':80',
    '10.0.0.1:',
    '10.0.0.1:65536',
    '10.0.0.1:-1',
    '10.0.0.1:x',
    '10.0.0.1:0x50',
    '10.0.0.300:80',
    'nobody:80',
    '[::1]',
    '[::1',
    '[::1]x',
    '[]:80',
    '[::1]:',
    'fe80::1%lo',
    '10.0.0.1:80/tcp',
  ]) {
    assert.equal(parsed(text), 'illegal', text);
  }
});

test("port names are those of the service's protocol; before it is known there are none", () => {
  assert.equal(parsed('10.0.0.1:domain', 'udp'), '10.0.0.1 53');
  assert.equal(parsed('10.0.0.1:domain', 'tcp'), 'illegal');
  assert.equal(parseServiceAddress('10.0.0.1:http', undefined, lookup), undefined);
});

test('what consists of digits and dots is not looked up', () => {
  const asks: Lookup = { ...lookup, host: () => assert.fail('asked') };
  assert.equal(parseServiceAddress('10.0.0.300:80', 'tcp', asks), undefined);
});

test('integers are decimal, whole, within bounds', () => {
  assert.equal(parseInteger(' +7', 0, 9), 7);
  for (const text of ['', '7 ', '0x7', '7.0', '1e0', 'x', '10', '-1', '--1']) assert.equal(parseInteger(text, 0, 9), undefined, text);
  fc.assert(fc.property(fc.integer(), (value) => assert.equal(parseInteger(String(value), -(2 ** 31), 2 ** 31), value)));
});

test('persistence: none given is 360 s, at most 31 days', () => {
  assert.equal(parseTimeout(undefined, 1), 360);
  assert.equal(parseTimeout('2678400', 1), 2678400);
  assert.equal(
    refusal(() => parseTimeout('2678401', 1)),
    "invalid timeout value `2678401' specified",
  );
  assert.equal(
    refusal(() => parseTimeout('0', 1)),
    "invalid timeout value `0' specified",
  );
  assert.equal(
    refusal(() => parseTimeout('', 1)),
    "invalid timeout value `' specified",
  );
  assert.equal(parseTimeout('0', 0), 0);
});

test('marks: 1 to 2^32 - 1', () => {
  assert.equal(parseFwmark('4294967295'), 4294967295);
  for (const text of ['0', '-1', '4294967296', 'abc', '0x10']) {
    assert.equal(
      refusal(() => parseFwmark(text)),
      `invalid fwmark value \`${text}' specified`,
    );
  }
});

test('netmasks: an address for IPv4, a length for IPv6', () => {
  assert.equal(parseIpv4Netmask('255.255.255.0', lookup), 0xffffff00);
  assert.equal(parseIpv4Netmask('24', lookup), 24);
  assert.equal(
    refusal(() => parseIpv4Netmask('x', lookup)),
    'illegal virtual server persistent mask specified',
  );
  assert.equal(parseIpv6Netmask('64'), 64);
  assert.equal(parseIpv6Netmask('64x'), 64);
  for (const text of ['0', '129', 'x', ''])
    assert.equal(
      refusal(() => parseIpv6Netmask(text)),
      'illegal ipv6 netmask specified',
    );
});

test('scheduler flags belong to their scheduler', () => {
  assert.equal(parseSchedulerFlags('flag-1,flag-3', 'rr'), 5);
  assert.equal(parseSchedulerFlags(',sh-fallback,,sh-port,', 'sh'), 3);
  assert.equal(parseSchedulerFlags('mh-port', 'mh'), 2);
  assert.equal(
    refusal(() => parseSchedulerFlags('mh-port', 'sh')),
    "incompatible scheduler flag `mh-port'",
  );
  assert.equal(
    refusal(() => parseSchedulerFlags('flag-1,flag-4', 'rr')),
    "invalid scheduler flag `flag-4'",
  );
  assert.equal(
    refusal(() => parseSchedulerFlags(',', 'rr')),
    "invalid scheduler flag `'",
  );
});

test('a group is a multicast address', () => {
  assert.deepEqual(parseMulticastGroup('224.0.0.81').words, [0xe0000051]);
  assert.equal(parseMulticastGroup('ff02::99').family, 'inet6');
  for (const text of ['10.1.1.1', '224.1', ''])
    assert.equal(
      refusal(() => parseMulticastGroup(text)),
      `invalid IPv4 mcast-group \`${text}'`,
    );
  for (const text of ['fe80::1', '224.0.0.1:80'])
    assert.equal(
      refusal(() => parseMulticastGroup(text)),
      `invalid IPv6 mcast-group \`${text}'`,
    );
});
