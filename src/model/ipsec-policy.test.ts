// Which policies of IPsec are for packets that the director sends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuTimeMs } from '../../test/support/cpu-time.js';
import { ip } from '../../test/support/ip.js';
import { randomFrom } from '../../test/support/mutate.js';
import type { Address } from './address.js';
import { sameAddress } from './identity.js';
import { blockedByDefault, IpsecPolicies, type IpsecPolicy, policyText } from './ipsec-policy.js';
import type { DestinationSpec, ForwardingMethod, ServiceKey } from './service.js';
import { contains } from './subnet.js';

function net(text: string): IpsecPolicy['source'] {
  const [address = '', length = ''] = text.split('/');
  return { address: ip(address), prefixLength: Number(length) };
}
const ANY = { port: 0, mask: 0 };
const only = (port: number) => ({ port, mask: 0xffff });

/** `src` and `dst` of a policy that encrypts. */
const policy = (source: string, destination: string, more: Partial<IpsecPolicy> = {}): IpsecPolicy => ({
  direction: 'out',
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
  new IpsecPolicies([one, ...others], isOwn).bypassed(key, to).includes(one);
const policed = (one: IpsecPolicy, to = server('masq'), others: readonly IpsecPolicy[] = [], key: ServiceKey = web) =>
  new IpsecPolicies([one, ...others], isOwn).policed(key, to);
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

test('a default of block is for all that no policy passes', () => {
  const all = blockedByDefault('out');
  const masqueraded = server('masq');
  const by = (more: readonly IpsecPolicy[], to = masqueraded) => new IpsecPolicies([...all, ...more], isOwn).policed(web, to);
  assert.deepEqual(by([]), { requests: true, answers: true });
  const passed = policy('0.0.0.0/0', '10.20.0.0/24', { action: 'pass', priority: 0xffffffff });
  assert.deepEqual(by([passed]), { requests: false, answers: true }, 'behind every priority');
  assert.deepEqual(by([passed, policy(`${VIP}/32`, '0.0.0.0/0', { action: 'pass' })]), { requests: false, answers: false });
  assert.ok(bypassed(all[0] as IpsecPolicy), 'direct routing');
  assert.equal(new IpsecPolicies(blockedByDefault('fwd'), isOwn).isNone, true, 'what is forwarded: none that the datapath must know');
  assert.deepEqual(all.map(policyText), ['default dir out', 'default dir out']);
});

test('policies for forwarded packets: the answers of masqueraded servers', () => {
  const refused = (one: Partial<IpsecPolicy>, to = server('masq'), others: readonly IpsecPolicy[] = []): boolean => {
    const all = [policy('10.20.0.0/24', '0.0.0.0/0', { direction: 'fwd', ...one }), ...others];
    return new IpsecPolicies(all, isOwn).answersNotForwarded(web, to).length > 0;
  };
  assert.ok(refused({}), 'they would have to come encrypted');
  assert.ok(refused({ action: 'block' }));
  assert.ok(!refused({ action: 'pass' }));
  assert.ok(!refused({ direction: 'out' }));
  assert.ok(!refused({}, server('route')), 'they do not come by the director');
  assert.ok(!refused({}, server('masq', '10.20.1.11')), 'another server');
  assert.ok(!refused({ protocol: 6, sourcePort: only(80) }), "by the server's port");
  assert.ok(refused({ protocol: 6, sourcePort: only(8080) }));
  assert.ok(!refused({ source: net(`${VIP}/32`) }), "not by the service's address");
  const passed = policy('10.20.0.11/32', '0.0.0.0/0', { direction: 'fwd', action: 'pass', priority: 1 });
  assert.ok(!refused({ action: 'block' }, server('masq'), [passed]));
  assert.ok(refused({ action: 'block' }, server('masq'), [{ ...passed, direction: 'out' }]));
});

test('policies for forwarded packets: requests that the kernel has for the sake of another policy, or of a mark', () => {
  const mark: ServiceKey = { kind: 'fwmark', family: 'inet', mark: 3 };
  const dropped = (key: ServiceKey, to: DestinationSpec, ...all: readonly IpsecPolicy[]): readonly string[] =>
    new IpsecPolicies(all, isOwn).requestsNotForwarded(key, to).map(policyText);
  const block = policy('203.0.113.0/24', '10.20.0.0/24', { direction: 'fwd', action: 'block' });
  const text = policyText(block);
  const out = policy('0.0.0.0/0', '10.20.0.11/32');
  assert.deepEqual(dropped(web, server('masq'), block), [], 'weir forwards them');
  assert.deepEqual(dropped(web, server('masq'), block, out), [text]);
  assert.deepEqual(dropped(web, server('route'), block, out), []);
  assert.deepEqual(dropped(web, server('masq'), { ...block, action: 'protect' }, out), [], 'they may have come encrypted');
  assert.deepEqual(dropped(mark, server('route'), block), [], 'for addresses that may not be those of the service');
  assert.deepEqual(dropped(mark, server('route'), { ...block, destination: net('0.0.0.0/0') }), [
    'src 203.0.113.0/24 dst 0.0.0.0/0 dir fwd',
  ]);
  assert.deepEqual(dropped(mark, server('masq'), ...blockedByDefault('fwd')), ['default dir fwd']);
});

test('a policy as ip has it', () => {
  assert.equal(policyText(policy('2001:db8::/32', '::/0')), 'src 2001:db8::/32 dst ::/0 dir out');
});

test('connections with other ports than the destination has', () => {
  const other = policy('0.0.0.0/0', '10.20.0.11/32', { protocol: 6, destinationPort: only(443) });
  const of = (port: number, protocol: 'tcp' | 'udp' = 'tcp'): ServiceKey => ({ kind: 'address', protocol, address: ip(VIP), port });
  assert.ok(!requests(other));
  assert.ok(requests(other, server('masq'), [], of(0)), 'of all ports');
  assert.ok(requests(other, server('masq'), [], of(21)), 'data of FTP');
  assert.ok(!requests({ ...other, protocol: 17 }, server('masq'), [], of(21, 'udp')));
  assert.ok(requests(other, server('masq'), [], { kind: 'fwmark', family: 'inet', mark: 3 }), 'persistent, with a mark');
  assert.ok(answers(policy(`${VIP}/32`, '0.0.0.0/0', { protocol: 6, sourcePort: only(20) }), server('masq'), [], of(21)));
});

test('requests by FULLNAT leave from its local addresses', () => {
  const locals = ['10.20.0.1', '10.20.0.2'];
  const to: DestinationSpec = { ...server('fullnat'), localAddresses: locals.map(ip) };
  assert.ok(requests(policy('10.20.0.1/32', '10.20.0.11/32'), to));
  assert.ok(requests(policy('10.20.0.2/32', '10.20.0.11/32'), to), 'the second one');
  assert.ok(requests(policy('0.0.0.0/0', '10.20.0.0/24'), to));
  assert.ok(!requests(policy('203.0.113.0/24', '10.20.0.11/32'), to), "clients' addresses leave no more");
  assert.ok(!requests(policy('10.20.0.1/32', '10.20.0.12/32'), to), 'another server');
  assert.ok(!requests(policy('10.20.0.1/32', '10.20.0.11/32', { destinationPort: only(80) }), to), 'another port');
  assert.ok(answers(policy(`${VIP}/32`, '203.0.113.0/24'), to), 'answers, as by NAT');
  assert.ok(!bypassed(policy('10.20.0.1/32', '10.20.0.11/32'), to), 'the stack sends them');
  const dropped = policy('10.20.0.1/32', '10.20.0.11/32', { direction: 'fwd', action: 'block' });
  const both = new IpsecPolicies([policy('10.20.0.1/32', '10.20.0.11/32'), dropped], isOwn);
  assert.deepEqual(both.requestsNotForwarded(web, to), [dropped]);
});

test('random policies: none that the kernel would apply is missed, and without passes none is taken for one', () => {
  const random = randomFrom(7);
  const pick = <T>(...items: readonly T[]): T => items[random(items.length)] as T;
  const host = (k: number): string => `10.20.0.${k}`;
  const service: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip(host(1)), port: 80 };
  const isHost = (address: Address): boolean => sameAddress(address, ip(host(1)));
  const clients = [0, 8, 9, 10, 12, 13, 14, 15].map(host);
  const one = (priority: number): IpsecPolicy =>
    policy(`${host(pick(0, 1, 8, 9, 12))}/${pick(0, 28, 29, 30, 32)}`, `${host(pick(0, 1, 8, 11, 12))}/${pick(0, 28, 29, 30, 32)}`, {
      protocol: pick(0, 6, 17),
      sourcePort: pick(ANY, only(80), only(5000)),
      destinationPort: pick(ANY, ANY, only(80), only(5000)),
      priority,
      action: pick('protect', 'block', 'pass'),
    });
  const hasPort = ({ port, mask }: IpsecPolicy['sourcePort'], of: number): boolean => (of & mask) === port;
  /** One packet, as the kernel looks a policy up for it. */
  const isApplied = (all: readonly IpsecPolicy[], from: string, sport: number, to: string, dport: number): boolean => {
    const found = all.find(
      (each) =>
        each.protocol !== 17 &&
        contains(each.source, ip(from)) &&
        contains(each.destination, ip(to)) &&
        hasPort(each.sourcePort, sport) &&
        hasPort(each.destinationPort, dport),
    );
    return found !== undefined && found.action !== 'pass';
  };
  const seen = { applied: 0, more: 0 };
  for (let turn = 0; turn < 2000; turn++) {
    const all = Array.from({ length: 1 + random(5) }, (_, k) => one(k));
    const found = new IpsecPolicies(all, isHost).policed(service, server('masq', host(11), 80));
    const any = (is: (client: string, port: number) => boolean): boolean =>
      clients.some((client) => [80, 5000, 6000].some((port) => is(client, port)));
    const right = {
      requests: any((client, port) => isApplied(all, client, port, host(11), 80)),
      answers: any((client, port) => isApplied(all, host(1), 80, client, port)),
    };
    for (const which of ['requests', 'answers'] as const) {
      const text = `${which}, turn ${turn}: ${JSON.stringify(all)}`;
      assert.ok(found[which] || !right[which], text);
      if (all.every(({ action }) => action !== 'pass')) assert.equal(found[which], right[which], text);
      if (right[which]) seen.applied += 1;
      else if (found[which]) seen.more += 1;
    }
  }
  assert.ok(seen.applied > 400 && seen.more < 200, JSON.stringify(seen));
});

test('thousands of policies, each behind one that passes, for thousands of destinations', () => {
  const nets = Array.from({ length: 3000 }, (_, k) => `10.${100 + (k >> 8)}.${k & 255}.0/24`);
  const all = nets.flatMap((each) => [policy('0.0.0.0/0', each), policy('0.0.0.0/0', each, { action: 'pass', priority: 1 })]);
  const known = new IpsecPolicies(all, isOwn);
  const took = cpuTimeMs(() => {
    for (let k = 0; k < 10_000; k++) {
      const found = known.policed(web, server('masq', `10.${100 + (k >> 8)}.${k & 255}.1`));
      assert.ok(!found.requests && !found.answers);
    }
  });
  assert.ok(took < 10_000, 'to compare all with all takes hours');
});
