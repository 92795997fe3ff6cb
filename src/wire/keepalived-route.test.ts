import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import type { HostRoute, HostRule } from '../model/keepalived/network.js';
import { addHostRoute, deleteHostRoute } from './keepalived-route.js';
import { attributeMap, decodeAttributes, u32Of } from './netlink.js';
import { decodeRoute } from './rtnetlink-route.js';
import { addRule, identityOfRule, ruleIdentity } from './rtnetlink-rule.js';

const indexOf = (name: string): number => Number(name.replace(/\D/g, ''));
const route = (more: Partial<HostRoute>): HostRoute => ({
  family: 'inet',
  type: 'unicast',
  to: { address: ip('10.1.0.0'), length: 16 },
  nextHops: [],
  onlink: false,
  metrics: [],
  insert: 'prepend',
  noTrack: false,
  ...more,
});
const attributesOf = (payload: Uint8Array) => attributeMap(payload.subarray(12))!;

test('a route with a gateway', () => {
  const { payload, flags } = addHostRoute(route({ via: ip('10.0.0.1'), dev: 'eth7', metric: 10, source: ip('10.0.0.9') }), indexOf);
  assert.deepEqual(decodeRoute(payload), {
    family: 'inet',
    destination: ip('10.1.0.0'),
    prefixLength: 16,
    table: 254,
    protocol: 18,
    scope: 0,
    type: 1,
    ifindex: 7,
    gateway: ip('10.0.0.1'),
    priority: 10,
    preferredSource: ip('10.0.0.9'),
  });
  assert.equal(flags, 0x400);
});

test('scopes: global unless the kernel would refuse that; a given one stays', () => {
  const scope = (more: Partial<HostRoute>): number | undefined => decodeRoute(addHostRoute(route(more), indexOf).payload)?.scope;
  assert.equal(scope({ dev: 'eth1' }), 0);
  assert.equal(scope({ type: 'broadcast', dev: 'eth1' }), 253);
  assert.equal(scope({ via: ip('10.0.0.1') }), 0);
  assert.equal(scope({ nextHops: [{ via: ip('10.0.0.1'), weight: 1, onlink: false }] }), 0);
  assert.equal(scope({ type: 'local', dev: 'eth1' }), 254);
  assert.equal(scope({ type: 'blackhole' }), 0);
  assert.equal(scope({ family: 'inet6', to: { address: ip('fd00::'), length: 8 }, dev: 'eth1' }), 0);
  assert.equal(scope({ dev: 'eth1', scope: 200 }), 200);
});

test('the request flags, and a large table number', () => {
  const flags = (insert: HostRoute['insert']): number => addHostRoute(route({ insert }), indexOf).flags;
  assert.deepEqual(
    ['add', 'append', 'prepend', 'replace'].map((word) => flags(word as HostRoute['insert'])),
    [0x600, 0xc00, 0x400, 0x500],
  );
  const { payload } = addHostRoute(route({ table: 1060 }), indexOf);
  assert.deepEqual([payload[4], u32Of(attributesOf(payload).get(15))], [0, 1060]);
  assert.equal(deleteHostRoute(route({}), indexOf).type, 25);
});

test("metrics: locked, in the kernel's units, with a congestion control", () => {
  const { payload } = addHostRoute(
    route({
      metrics: [
        { name: 'mtu', value: 1400, lock: true },
        { name: 'rtt', value: 10, lock: false },
      ],
      congestionControl: { name: 'cubic', lock: true },
    }),
    indexOf,
  );
  const metrics = attributeMap(attributesOf(payload).get(8)!)!;
  assert.deepEqual([u32Of(metrics.get(1)), u32Of(metrics.get(2)), u32Of(metrics.get(4))], [(1 << 2) | (1 << 16), 1400, 80]);
  assert.equal(new TextDecoder().decode(metrics.get(16)), 'cubic\0');
});

test('next hops', () => {
  const { payload } = addHostRoute(
    route({
      nextHops: [
        { via: ip('10.0.0.1'), dev: 'eth1', weight: 1, onlink: false },
        { via: ip('fe80::1'), dev: 'eth2', weight: 3, onlink: true },
      ],
    }),
    indexOf,
  );
  const hops = attributesOf(payload).get(9)!;
  assert.deepEqual([...hops.subarray(0, 8)], [16, 0, 0, 0, 1, 0, 0, 0]);
  assert.deepEqual([...hops.subarray(16, 24)], [32, 0, 4, 2, 2, 0, 0, 0]);
  const [via] = decodeAttributes(hops.subarray(24))!;
  assert.deepEqual([via?.type, via?.payload.length], [18, 18]);
});

test('a rule is identified by family, preference and action', () => {
  const rule: HostRule = {
    family: 'inet6',
    not: true,
    from: { address: ip('fd00::'), length: 8 },
    preference: 105,
    action: { kind: 'goto', preference: 200 },
    l3mdev: false,
    noTrack: false,
    tunnelId: 7n,
  };
  const { payload } = addRule(rule);
  assert.deepEqual([...payload.subarray(0, 12)], [10, 0, 8, 0, 0, 0, 0, 2, 2, 0, 0, 0]);
  const attributes = attributesOf(payload);
  assert.deepEqual([u32Of(attributes.get(4)), attributes.get(21)?.[0], attributes.get(12)?.[7]], [200, 18, 7]);
  assert.equal(ruleIdentity(payload), identityOfRule(rule));
  assert.notEqual(ruleIdentity(payload), identityOfRule({ ...rule, preference: 106 }));
  assert.equal(ruleIdentity(new Uint8Array(4)), undefined);
});

test('lightweight tunnels, of a route and of a next hop', () => {
  const encap = { kind: 'mpls', labels: [100, 16] } as const;
  const tunnel = { kind: 'ip6', id: 5n, destination: ip('fd00::1'), ttl: 9, tos: 16 } as const;
  const { payload } = addHostRoute(
    route({ encap, ttlPropagate: false, nextHops: [{ dev: 'eth1', weight: 1, onlink: false, encap: tunnel, realms: 7 }] }),
    indexOf,
  );
  const attributes = attributesOf(payload);
  assert.deepEqual([...attributes.get(21)!, ...attributes.get(26)!], [1, 0, 0]);
  assert.deepEqual([...attributeMap(attributes.get(22)!)!.get(1)!], [0, 6, 0x40, 0, 0, 1, 1, 0]);
  const hop = attributeMap(attributes.get(9)!.subarray(8))!;
  const inner = attributeMap(hop.get(22)!)!;
  assert.deepEqual([u32Of(hop.get(11)), hop.get(21)?.[0], inner.get(1)?.[7], inner.get(2)?.length], [7, 4, 5, 16]);
  assert.deepEqual([inner.get(4)?.[0], inner.get(5)?.[0], inner.get(3)], [9, 16, undefined]);
  const ila = addHostRoute(route({ encap: { kind: 'ila', locator: [1, 2, 3, 4] } }), indexOf).payload;
  assert.deepEqual([...attributeMap(attributesOf(ila).get(22)!)!.get(1)!], [0, 1, 0, 2, 0, 3, 0, 4]);
});
