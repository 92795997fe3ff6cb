import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { listedService } from './listed-service.js';

test('a service as ipvsadm lists it: marks of both families differ', () => {
  assert.equal(listedService({ kind: 'address', protocol: 'udp', address: ip('2001:db8::1'), port: 53 }), 'UDP [2001:db8::1]:53');
  assert.deepEqual(
    (['inet', 'inet6'] as const).map((family) => listedService({ kind: 'fwmark', family, mark: 9 })),
    ['FWM 9', 'FWM 9 IPv6'],
  );
});
