// What doctor reports of forwarding, by the methods of a director's destinations.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { diagnose } from '../../diagnose.js';

test('forwarding: a director of FULLNAT alone has no other traffic of its servers to forward', () => {
  const of = (...methods: readonly ('masq' | 'fullnat')[]): string =>
    diagnose({
      ...director,
      services: [
        service(
          '10.5.0.9',
          80,
          methods.map((method) => destination('10.6.0.51', 80, method)),
        ),
      ],
    })
      .filter(({ code }) => code === 'forwarding-off')
      .map(({ what, cause }) => `${what}: ${cause}`)
      .join();
  assert.match(of('fullnat'), /^ip_forward is 0 on a FULLNAT director: .*for FullNAT servers: packets that it has to fragment$/);
  assert.match(of('fullnat', 'masq'), /^ip_forward is 0 on a VS\/NAT director: .*for Masq servers: .*and their own traffic$/);
});
