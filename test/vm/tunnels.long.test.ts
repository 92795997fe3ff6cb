// Clients behind every kind of tunnel, and PPP, on Debian's 6.1 kernel in an emulator: kernels of small machines have no such devices.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inGuest, noGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: clients behind ipip, sit, gre, ip6tnl, ip6gre, WireGuard and PPP are served', { skip: noGuest }, () => {
  const output = inGuest('tunnels.guest', 2_500);
  assert.match(output.get('tests') ?? '', /^# pass [1-9]\d*\n# fail 0\n# skipped 0\n$/);
  assert.ok(output.has('end'));
});
