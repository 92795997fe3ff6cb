// Which policies of IPsec are for packets that the director sends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import type { Address } from './address.js';
import { sameAddress } from './identity.js';
import { type IpsecPolicy, isBypassed, policedPackets, policyText } from './ipsec-policy.js';
import type { DestinationSpec, ForwardingMethod, ServiceKey } from './service.js';

function net(text: string): IpsecPolicy['source'] {
  const [address = '', length = ''] = text.split('/');
  return { address: ip(address), prefixLength: Number(length) };
}
const ANY = { port: 0, mask: 0 };
const only = (port: number) => ({ port, mask: 0xffff });

/** `src` and `dst` of a policy that encrypts. */
const policy = (source: string, destination: string, more: Partial<IpsecPolicy> = {}): IpsecPolicy => ({
  source: net(source),
  destination: net(destination),
  protocol: 0,
  sourcePort: ANY,
  destinationPort: ANY,
  ifindex: 0,
  priority: 10,
  action: 'protect',
  ...more,
});
const VIP = '198.51.100.80';
const OWN = ['198.51.100.2', '10.20.0.1', VIP, '2001:db8::2'].map(ip);
const isOwn = (address: Address): boolean => OWN.some((one) => sameAddress(one, address));
const web: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip(VIP), port: 80 };
const server = (method: ForwardingMethod, address = '10.20.0.11', port = 8080): DestinationSpec => ({
  address: ip(address),
  port,
  method,
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
});
const bypassed = (one: IpsecPolicy, to = server('route'), others: readonly IpsecPolicy[] = [], key: ServiceKey = web): boolean =>
  isBypassed(one, [one, ...others], key, to, isOwn);
const policed = (one: IpsecPolicy, to = server('masq'), others: readonly IpsecPolicy[] = [], key: ServiceKey = web) =>
  policedPackets([one, ...others], key, to, isOwn);
const requests = (...words: Parameters<typeof policed>): boolean => policed(...words).requests;
const answers = (...words: Parameters<typeof policed>): boolean => policed(...words).answers;

test('requests to a server', () => {
  assert.ok(requests(policy('0.0.0.0/0', '10.20.0.11/32')));
  assert.ok(requests(policy('0.0.0.0/0', '10.20.0.0/24')));
  assert.ok(requests(policy('203.0.113.0/24', '10.20.0.0/24')), 'some clients');
  assert.ok(!requests(policy('203.0.113.0/24', '10.20.0.12/32')), 'another server');
  assert.ok(answers(policy('0.0.0.0/0', '10.20.0.12/32')), 'which may be a client');
  assert.ok(!requests(policy('10.20.0.1/32', '10.20.0.11/32')), "the director's own connections");
  assert.ok(!requests(policy('::/0', '::/0')), 'another family');
  assert.ok(!requests(policy('0.0.0.0/0', '10.20.0.11/32', { action: 'pass' })));
  assert.ok(requests(policy('0.0.0.0/0', '10.20.0.11/32', { action: 'block' })));
  assert.ok(!requests(policy('0.0.0.0/0', `${VIP}/32`)), 'NAT sends nothing for the VIP');
  assert.ok(requests(policy('0.0.0.0/0', '10.20.0.11/32'), server('route')), 'connections may be of NAT from before');
  assert.ok(!requests(policy('0.0.0.0/0', '10.20.0.1/32'), server('masq', '10.20.0.1')), 'a server on the director');
});

test('answers to clients', () => {
  assert.ok(answers(policy(`${VIP}/32`, '203.0.113.0/24')));
  assert.ok(!answers(policy('10.20.0.0/24', '203.0.113.0/24')), "by the server's address: the kernel looks again with the service's");
  assert.ok(!answers(policy('198.51.100.2/32', '203.0.113.0/24')), 'from another address');
  assert.ok(!answers(policy('203.0.113.0/24', '10.20.0.0/24')), 'requests');
});

test('what no policy is applied to: direct routing', () => {
  const direct = policy('203.0.113.0/24', `${VIP}/32`);
  assert.ok(bypassed(direct));
  assert.ok(!bypassed(direct, server('masq')));
  assert.ok(!bypassed(policy('203.0.113.0/24', '10.20.0.11/32')), 'its packets keep the address of the service');
  assert.ok(!bypassed(policy(`${VIP}/32`, '203.0.113.0/24')), 'its answers do not come by the director');
  assert.ok(!bypassed(direct, server('route', '10.20.0.1')), 'a server on the director');
});

test('protocols and ports', () => {
  const to = (more: Partial<IpsecPolicy>) => requests(policy('203.0.113.0/24', '10.20.0.0/24', more));
  assert.ok(to({ protocol: 6 }));
  assert.ok(!to({ protocol: 17 }));
  assert.ok(to({ protocol: 6, destinationPort: only(8080) }));
  assert.ok(!to({ protocol: 6, destinationPort: only(80) }));
  assert.ok(to({ protocol: 6, sourcePort: only(80) }), 'some client may have it');
  assert.ok(answers(policy(`${VIP}/32`, '0.0.0.0/0', { protocol: 6, sourcePort: only(80) })));
  assert.ok(!answers(policy(`${VIP}/32`, '0.0.0.0/0', { protocol: 6, sourcePort: only(443) })));
  const mark: ServiceKey = { kind: 'fwmark', family: 'inet', mark: 3 };
  assert.ok(requests(policy('0.0.0.0/0', '10.20.0.0/24', { protocol: 17 }), server('masq', '10.20.0.11', 0), [], mark));
  assert.ok(
    answers(policy(`${VIP}/32`, '203.0.113.0/24'), server('masq', '10.20.0.11', 0), [], mark),
    'any address may be that of its service',
  );
});

test('a policy that passes packets as they are, and comes first', () => {
  const encrypts = policy('0.0.0.0/0', '10.20.0.11/32');
  const passes = (source: string, destination: string, more: Partial<IpsecPolicy> = {}) =>
    policy(source, destination, { action: 'pass', priority: 1, ...more });
  const left = (pass: IpsecPolicy) => requests(encrypts, server('masq'), [pass]);
  assert.ok(!left(passes('0.0.0.0/0', '10.20.0.11/32')));
  assert.ok(left(passes('0.0.0.0/0', '10.20.0.12/32')), 'for another server');
  assert.ok(left(passes('203.0.113.0/24', '10.20.0.0/24')), 'for some clients alone');
  assert.ok(left(passes('0.0.0.0/0', '10.20.0.0/24', { priority: 20 })), 'it comes later');
  assert.ok(!left(passes('0.0.0.0/0', '10.20.0.0/24', { protocol: 6 })));
  assert.ok(left(passes('0.0.0.0/0', '10.20.0.0/24', { protocol: 17 })));
  assert.ok(!left(passes('0.0.0.0/0', '10.20.0.0/24', { destinationPort: only(8080) })));
  assert.ok(left(passes('0.0.0.0/0', '10.20.0.0/24', { destinationPort: only(80) })), 'for another port');
  assert.ok(left(passes('0.0.0.0/0', '10.20.0.0/24', { sourcePort: only(5000) })), 'for one port of clients alone');
});

test('a policy as ip has it', () => {
  assert.equal(policyText(policy('2001:db8::/32', '::/0')), 'src 2001:db8::/32 dst ::/0 dir out');
});
