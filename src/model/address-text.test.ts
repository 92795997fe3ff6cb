import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import type { Address } from './address.js';
import { formatAddress, formatIpv4, parseAddress, parseIpv4, parseIpv4Loose, parseIpv6 } from './address-text.js';

const word = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffff0000));
const v4 = word.map((value): Address => ({ family: 'inet', words: [value] }));
const v6 = fc.tuple(word, word, word, word).map((words): Address => ({ family: 'inet6', words }));

test('every address is read back from its text', () => {
  fc.assert(fc.property(fc.oneof(v4, v6), (address) => assert.deepEqual(parseAddress(formatAddress(address)), address)));
});

test('the text of an IPv6 address compresses the longest run of zeros, the first of equals', () => {
  const samples = {
    '::': [0, 0, 0, 0],
    '::1': [0, 0, 0, 1],
    '2001:db8::1': [0x20010db8, 0, 0, 1],
    '2001:db8:0:1::1': [0x20010db8, 1, 0, 1],
    '1::2:0:0:3': [0x10000, 0, 0x00020000, 3],
    '1:0:2:3:4:5:6:7': [0x10000, 0x20003, 0x40005, 0x60007],
    '::ffff:10.0.0.1': [0, 0, 0xffff, 0x0a000001],
    '::10.0.0.1': [0, 0, 0, 0x0a000001],
    '64:ff9b::a00:1': [0x64ff9b, 0, 0, 0x0a000001],
  };
  for (const [text, words] of Object.entries(samples)) {
    assert.equal(formatAddress({ family: 'inet6', words }), text);
    assert.deepEqual(parseIpv6(text), { family: 'inet6', words });
  }
});

test('IPv4 on a command line is what inet_aton takes', () => {
  const samples: Record<string, string | undefined> = {
    '10.0.0.1': '10.0.0.1',
    '10.1': '10.0.0.1',
    '10.1.65535': '10.1.255.255',
    '010.0.0.1': '8.0.0.1',
    '0x7f.1': '127.0.0.1',
    '4294967295': '255.255.255.255',
    '24': '0.0.0.24',
    '0': '0.0.0.0',
    '10.0.0.1 x': '10.0.0.1',
    '10.0.0.256': undefined,
    '4294967296': undefined,
    '08.0.0.1': undefined,
    '1.2.3.4.5': undefined,
    '1..2': undefined,
    '': undefined,
    '0x': undefined,
    ' 10.0.0.1': undefined,
    '-1': undefined,
    '256.1': undefined,
    '1.16777216': undefined,
  };
  for (const [text, expected] of Object.entries(samples)) {
    const address = parseIpv4Loose(text);
    assert.equal(address === undefined ? undefined : formatAddress(address), expected, text);
  }
});

test('IPv4 by inet_pton is four decimal numbers and nothing else', () => {
  assert.deepEqual(parseIpv4('10.0.0.1'), { family: 'inet', words: [0x0a000001] });
  for (const text of ['10.1', '010.0.0.1', '10.0.0.256', '10.0.0.1 ', '10.0.0.', 'a.b.c.d', ''])
    assert.equal(parseIpv4(text), undefined, text);
});

test('IPv6 text that inet_pton refuses', () => {
  for (const text of [
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '::1%eth0',
    '1:2:3:4:5:6:7::8:9',
    '::1.2.3',
    '1.2.3.4::',
    '::01.2.3.4',
  ]) {
    assert.equal(parseIpv6(text), undefined, text);
  }
});

test('a mask is written as four numbers', () => {
  assert.equal(formatIpv4(0xffffff00), '255.255.255.0');
  assert.equal(formatIpv4(24), '0.0.0.24');
});
