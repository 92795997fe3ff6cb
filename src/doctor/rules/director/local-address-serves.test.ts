// Doctor's finding of a local address that is a virtual one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { diagnose } from '../../diagnose.js';

test('a local address that is the address of services, too, is reported once', () => {
  const to = (server: string, ...locals: readonly string[]) => ({
    ...destination(server, 80, 'fullnat' as const),
    localAddresses: locals.map((local) => ip(local)),
  });
  const found = (local: string): readonly string[] => {
    const services = [
      service('10.5.0.9', 80, [to('10.6.0.51', local), to('10.6.0.52', local)]),
      service('10.5.0.9', 443, []),
      service('10.5.0.10', 80, [to('10.6.0.51', local)]),
    ];
    return diagnose({ ...director, services })
      .filter(({ code }) => code === 'local-address-serves')
      .map(({ what, cause }) => `${what}: ${cause}`);
  };
  assert.deepEqual(found('10.6.0.1'), []);
  assert.deepEqual(found('10.5.0.9'), [
    'the local address 10.5.0.9 is a virtual address, too: the port that stands for a client may be that of TCP 10.5.0.9:80 or of 1 other service: answers of servers then go to the service',
  ]);
});
