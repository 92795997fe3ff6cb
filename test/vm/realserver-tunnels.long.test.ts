// Real servers of VS/TUN on Debian's 6.1 kernel in an emulator: kernels of small machines have no tunnels.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inGuest, noGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: real servers take ipip, GRE and GUE over both families, and answer clients directly', { skip: noGuest }, () => {
  const output = inGuest('realserver-tunnels.guest', 2_500);
  for (const name of ['realserver', 'doctor', 'docs']) {
    assert.match(output.get(name) ?? '', /^# pass [1-9]\d*\n# fail 0\n# skipped 0\n$/, name);
  }
  assert.ok(output.has('end'));
});
