// ESP with keys on Debian's 6.1 kernel in an emulator: kernels of small machines have no ESP.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noGuest, passInGuest } from './in-guest.js';

const MODULES = ['xfrm_user', 'esp4', 'esp6', 'authenc', 'echainiv', 'cbc', 'aes_generic', 'sha256_generic', 'hmac'];

test('Debian’s 6.1 kernel: what policies of IPsec are for is encrypted, and what comes encrypted is balanced', { skip: noGuest }, () => {
  const output = passInGuest(MODULES, ['datapath/esp']);
  assert.match(output.get('datapath/esp, 0') ?? '', /^# pass 2\n/);
});
