// What doctor reports of forwarding, by the methods of a director's destinations.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { diagnose } from '../../diagnose.js';
import type { ServiceFact } from '../../facts.js';

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

test('forwarding of IPv4 is judged by destinations of IPv4', () => {
  const of = (forward: string, ...services: readonly ServiceFact[]) =>
    diagnose({ ...director, services, settings: new Map([...director.settings, ['net/ipv4/ip_forward', forward]]) })
      .filter(({ code }) => code.startsWith('forwarding-'))
      .map(({ code, what, cause }) => `${code}: ${what}: ${cause}`);
  const six = service('2001:db8::9', 80, [destination('2001:db8:1::51', 80, 'masq')]);
  assert.match(
    of('1', ...director.services, six).join('\n'),
    /^forwarding-unneeded: ip_forward is 1: no IPv4 destination is Masq or FullNAT, .*$/,
  );
  const fullnat = service('10.5.0.9', 80, [destination('10.6.0.51', 80, 'fullnat')]);
  assert.match(of('0', fullnat, six).join(), /^forwarding-off: ip_forward is 0 on a FULLNAT director/);
});
