// unicast_src_ip: an instance waits in FAULT while the host does not have that address.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import {
  configurationOf,
  eth0,
  eth1,
  give,
  instanceOf,
  logs,
  pass,
  S,
  startNode,
  type VrrpNode,
} from '../../../../test/support/vrrp-node.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';

const FAULT = '(VI_1): entering FAULT state (src address not configured)';
const common = { ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' } as const;
const four = { unicast: { ...common, peers: [{ address: ip('10.99.0.2') }] }, sourceAddress: ip('10.99.0.7') } as const;
const six = {
  family: 'inet6',
  version: 3,
  unicast: { ...common, peers: [{ address: ip('fd00::2') }] },
  sourceAddress: ip('fd00::7'),
} as const;

const state = (node: VrrpNode) => instanceOf(node).state;
const has = (...addresses: readonly string[]) =>
  ({ kind: 'interface', facts: { ...eth0, addresses: [...eth0.addresses, ...addresses.map(ip)] } }) as const;

for (const [name, own, address] of [
  ['IPv4', four, '10.99.0.7'],
  ['IPv6', six, 'fd00::7'],
] as const) {
  test(`${name}: FAULT until the address comes, and again when it goes`, () => {
    const node = startNode(configurationOf(own));
    assert.deepEqual([state(node), logs(node).includes(FAULT)], ['fault', true]);
    pass(node, 20 * S);
    assert.equal(state(node), 'fault');
    give(node, has(address));
    assert.equal(state(node), 'backup');
    pass(node, 40 * S);
    assert.equal(state(node), 'master');
    logs(node);
    give(node, has());
    assert.deepEqual([state(node), logs(node).filter((line) => line === FAULT).length], ['fault', 1]);
    give(node, { kind: 'interface', facts: { ...eth1, addresses: [ip(address)] } });
    assert.equal(state(node), 'backup', 'an address of another interface counts, too');
  });

  test(`${name}: a reload to an address that is not there is a FAULT, and one away from it ends it`, () => {
    const configured = (sourceAddress: VrrpInstance['sourceAddress']) =>
      ({ kind: 'configure', configuration: configurationOf({ ...own, sourceAddress: sourceAddress! }), interfaces: [eth0, eth1] }) as const;
    const present = name === 'IPv4' ? ip('10.99.0.1') : ip('fe80::1');
    const node = startNode(configurationOf({ ...own, sourceAddress: present }));
    pass(node, 5 * S);
    assert.equal(state(node), 'master');
    logs(node);
    give(node, configured(own.sourceAddress));
    assert.deepEqual([state(node), logs(node).includes(FAULT)], ['fault', true]);
    give(node, configured(present));
    assert.equal(state(node), 'backup');
  });
}

test('a link-local address counts on its own interface only', () => {
  const own = { ...six, sourceAddress: ip('fe80::11') };
  assert.equal(state(startNode(configurationOf(own))), 'fault');
  assert.equal(state(startNode(configurationOf({ ...own, interface: 'eth1' }))), 'backup');
});

test('neither multicast nor an address that VRRP moves waits for its source', () => {
  assert.equal(state(startNode(configurationOf({ sourceAddress: ip('10.99.0.7') }))), 'backup');
  const addresses = [{ address: ip('10.99.0.7'), prefixLength: 24, flags: [], noTrack: false }];
  assert.equal(state(startNode(configurationOf({ ...four, addresses }))), 'backup');
});
