import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { largeNumber } from './numbers.js';

test('numbers change their unit where ipvsadm changes it', () => {
  const samples: Record<string, string> = {
    '0': '        0',
    '99999999': ' 99999999',
    '100000000': '  100000K',
    '999999999': '  999999K',
    '1000000000': '    1000M',
    '99999999999': '   99999M',
    '100000000000': '     100G',
    '99999999999999': '   99999G',
    '100000000000000': '     100T',
    '18446744073709551615': '18446744T',
  };
  for (const [value, text] of Object.entries(samples)) assert.equal(largeNumber(BigInt(value), false), text);
});

test('--exact shows every digit', () => {
  assert.equal(largeNumber(12345678n, true), ' 12345678');
  assert.equal(largeNumber(123456789n, true), ' 123456789');
  assert.equal(largeNumber(18446744073709551615n, true), ' 18446744073709551615');
});

test('a column is nine wide at least, and exact text is the number', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 64n) - 1n), (value) => {
      assert.equal(largeNumber(value, false).length, 9);
      assert.equal(BigInt(largeNumber(value, true).trim()), value);
    }),
  );
});
