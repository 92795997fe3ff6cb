// A trunk of VLANs on Debian's 6.1 kernel in an emulator: kernels of small machines have no VLANs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inGuest, noGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: clients and servers in VLANs are balanced, each mode of attaching', { skip: noGuest }, () => {
  const output = inGuest('vlans.guest', 2_500);
  assert.match(output.get('tests') ?? '', /^# pass [1-9]\d*\n# fail 0\n# skipped 0\n$/);
  assert.ok(output.has('end'));
});
