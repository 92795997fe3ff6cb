// Policies of IPsec that balanced packets do not meet: one finding for a policy, and none for those of other packets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, ip, service } from '../../../../test/support/doctor-facts.js';
import type { IpsecPolicy } from '../../../model/ipsec-policy.js';
import { diagnose } from '../../diagnose.js';

const ANY = { port: 0, mask: 0 } as const;
const net = (text: string) => ({ address: ip(text.split('/')[0] ?? ''), prefixLength: Number(text.split('/')[1]) });
const policy = (source: string, target: string, more: Partial<IpsecPolicy> = {}): IpsecPolicy => ({
  source: net(source),
  destination: net(target),
  protocol: 0,
  sourcePort: ANY,
  destinationPort: ANY,
  ifindex: 0,
  priority: 9,
  action: 'protect',
  ...more,
});
const services = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'masq'), destination('10.5.0.52', 80, 'masq')])];
const found = (...ipsecPolicies: readonly IpsecPolicy[]) =>
  diagnose({ ...director, services, ipsecPolicies }).filter(({ code }) => code === 'ipsec-bypassed');

test('each policy that is for balanced packets is an error, with the first place that it is for', () => {
  assert.deepEqual(found(), []);
  const [answers, ...others] = found(policy('10.5.0.9/32', '192.0.2.0/24'), policy('10.5.0.2/32', '192.0.2.0/24'));
  assert.deepEqual([answers?.severity, others], ['error', []]);
  assert.match(answers?.what ?? '', /^packets of TCP 10\.5\.0\.9:80 → 10\.5\.0\.51:80 and 1 more leave as they are/);
  assert.match(answers?.cause ?? '', /^the policy src 10\.5\.0\.9\/32 dst 192\.0\.2\.0\/24 dir out is to encrypt/);
  const [one] = found(policy('192.0.2.0/24', '10.5.0.52/32', { action: 'block' }));
  assert.match(`${one?.what} ${one?.cause}`, /10\.5\.0\.52:80 leave .* blocks packets/);
  const clear = policy('192.0.2.0/24', '10.5.0.52/32', { action: 'pass', priority: 1 });
  assert.deepEqual(found(policy('192.0.2.0/24', '10.5.0.52/32'), clear), [], 'as the advice has it');
});
