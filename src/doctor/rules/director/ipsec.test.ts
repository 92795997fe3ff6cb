// Policies of IPsec for balanced packets: those that they do not meet, and those that the kernel applies to them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { blockedByDefault, type IpsecPolicy } from '../../../model/ipsec-policy.js';
import { diagnose } from '../../diagnose.js';
import type { DirectorFacts } from '../../facts.js';

const ANY = { port: 0, mask: 0 } as const;
const net = (text: string) => ({ address: ip(text.split('/')[0] ?? ''), prefixLength: Number(text.split('/')[1]) });
const policy = (source: string, target: string, more: Partial<IpsecPolicy> = {}): IpsecPolicy => ({
  direction: 'out',
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
const direct = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'route'), destination('10.5.0.52', 80, 'route')])];
const masqueraded = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'masq'), destination('10.5.0.52', 80, 'masq')])];
const found = (facts: Partial<DirectorFacts>, ...ipsecPolicies: readonly IpsecPolicy[]) =>
  diagnose({ ...director, ...facts, ipsecPolicies }).filter(({ code }) => code.startsWith('ipsec-'));
const codes = (...words: Parameters<typeof found>): readonly string[] => found(...words).map(({ severity, code }) => `${severity} ${code}`);

test('by direct routing each policy that is for balanced packets is an error, with the first place that it is for', () => {
  const services = direct;
  assert.deepEqual(found({ services }), []);
  const [first, ...others] = found({ services }, policy('192.0.2.0/24', '10.5.0.9/32'), policy('10.5.0.2/32', '10.5.0.9/32'));
  assert.deepEqual([first?.severity, first?.code, others], ['error', 'ipsec-bypassed', []]);
  assert.match(first?.what ?? '', /^packets of TCP 10\.5\.0\.9:80 → 10\.5\.0\.51:80 and 1 more leave as they are/);
  assert.match(first?.cause ?? '', /^the policy src 192\.0\.2\.0\/24 dst 10\.5\.0\.9\/32 dir out is to encrypt/);
  assert.match(found({ services }, policy('192.0.2.0/24', '10.5.0.9/32', { action: 'block' }))[0]?.cause ?? '', / blocks packets/);
  const clear = policy('192.0.2.0/24', '10.5.0.9/32', { action: 'pass', priority: 1 });
  assert.deepEqual(found({ services }, policy('192.0.2.0/24', '10.5.0.9/32'), clear), [], 'as the advice has it');
});

test('policies for forwarded packets: answers are sent past them, and requests that the kernel has are lost', () => {
  const forwards = { services: masqueraded, settings: new Map([...director.settings, ['net/ipv4/ip_forward', '1']]) };
  const answers = policy('10.5.0.51/32', '0.0.0.0/0', { direction: 'fwd' });
  const [first, ...others] = found(forwards, answers);
  assert.deepEqual([first?.severity, first?.code, others], ['error', 'ipsec-forward-bypassed', []]);
  assert.match(first?.what ?? '', /^answers of TCP 10\.5\.0\.9:80 → 10\.5\.0\.51:80 reach clients past a policy/);
  assert.match(
    first?.cause ?? '',
    /^the policy src 10\.5\.0\.51\/32 dst 0\.0\.0\.0\/0 dir fwd lets only encrypted .* packets pass of the real servers:/,
  );
  assert.deepEqual(codes(forwards, { ...answers, action: 'pass' }), []);
  assert.deepEqual(codes({ services: direct }, ...blockedByDefault('fwd')), []);
  const both = [policy('0.0.0.0/0', '10.5.0.52/32'), ...blockedByDefault('fwd')];
  const [past, lost, info] = found(forwards, ...both);
  assert.deepEqual([past?.code, lost?.code, info?.code], ['ipsec-forward-bypassed', 'ipsec-forward-dropped', 'ipsec-by-stack']);
  assert.match(lost?.what ?? '', /^requests to TCP 10\.5\.0\.9:80 → 10\.5\.0\.52:80 are lost/);
  assert.match(lost?.cause ?? '', /^the policy default dir fwd blocks packets that the kernel forwards/);
});

test('by NAT the kernel sends them, if it forwards, and if the datapath knows it', () => {
  const answers = policy('10.5.0.9/32', '192.0.2.0/24');
  const forwards = { services: masqueraded, settings: new Map([...director.settings, ['net/ipv4/ip_forward', '1']]) };
  assert.deepEqual(codes({ services: masqueraded }, answers), ['error ipsec-forwarding-off']);
  const [info, ...others] = found(forwards, answers);
  assert.deepEqual([info?.severity, info?.code, others], ['info', 'ipsec-by-stack', []]);
  assert.match(info?.what ?? '', /^the kernel sends packets of TCP 10\.5\.0\.9:80 → 10\.5\.0\.51:80 and 1 more$/);
  assert.match(found(forwards, policy('192.0.2.0/24', '10.5.0.52/32'))[0]?.what ?? '', / 10\.5\.0\.52:80$/);
  const repairs = [{ kind: 'ipsec-policies', destinations: 2 }] as const;
  assert.deepEqual(codes({ ...forwards, datapath: { ...director.datapath, repairs } }, answers), ['error ipsec-changed']);
  assert.deepEqual(
    codes({ services: masqueraded, datapath: { ...director.datapath, repairs } }),
    ['error ipsec-changed'],
    'they were removed',
  );
});
