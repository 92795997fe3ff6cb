// ESP with keys on Debian's 6.1 kernel in an emulator: kernels of small machines have no ESP.
import { test } from 'node:test';
import { noGuest, passInGuest } from './in-guest.js';

test('Debian’s 6.1 kernel: what policies of IPsec are for is encrypted, and what comes encrypted is balanced', { skip: noGuest }, () =>
  passInGuest(['xfrm_user', 'esp4', 'esp6', 'authenc', 'echainiv', 'cbc', 'aes_generic', 'sha256_generic', 'hmac'], ['datapath/esp']),
);
