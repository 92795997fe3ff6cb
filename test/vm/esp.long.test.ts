// ESP with keys on Debian's 6.1 kernel in an emulator: kernels of small machines have no ESP.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inGuest, noGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: what policies of IPsec are for is encrypted, and what comes encrypted is balanced', { skip: noGuest }, () => {
  const output = inGuest('esp.guest', 2_500);
  assert.match(output.get('tests') ?? '', /^# pass 2\n# fail 0\n# skipped 0\n$/);
  assert.ok(output.has('end'));
});
