// A released instance leaves its addresses to its peers, goes on until one has taken over, and takes them again afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  advert,
  configurationOf,
  eth0,
  eth1,
  give,
  instanceOf,
  pass,
  S,
  startNode,
  taken,
  type VrrpNode,
} from '../../../../test/support/vrrp-node.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { NOTHING_RELEASED, type Released } from '../../../model/released.js';
import { groupOf } from '../../../sim/vrrp/configuration.js';
import { initialState } from '../state/vrrp-machine.js';

const DRAINED: Released = { drain: 'd1', instances: [] };

function master(...instances: readonly Partial<VrrpInstance>[]): VrrpNode {
  const node = startNode(configurationOf(...instances));
  pass(node, 10 * S);
  taken(node);
  return node;
}

/** The priorities of the adverts since the last call. */
const sent = (node: VrrpNode): readonly number[] =>
  taken(node).flatMap((effect) => (effect.kind === 'send' ? [effect.payload[2] ?? -1] : []));
const release = (node: VrrpNode, released: Released): void => give(node, { kind: 'released', released });
const stateOf = (node: VrrpNode, name?: string): string => instanceOf(node, name).state;

for (const [what, priority] of [
  ['an ordinary one', 100],
  ['the owner of the address', 255],
] as const)
  test(`a master: ${what} sends priority 0 and goes on with 1, with its addresses, until a peer is there; then it is backup`, () => {
    const node = master({ priority, initialState: 'master' });
    assert.equal(stateOf(node), 'master');
    release(node, DRAINED);
    pass(node, 12 * S);
    assert.deepEqual(sent(node), [0, 1, 1]);
    assert.deepEqual([stateOf(node), instanceOf(node).addressesSet], ['master', true], 'nothing is interrupted where there is no peer');
    pass(node, 21 * S);
    assert.equal(sent(node).filter((one) => one === 0).length, 1, 'a peer that missed it gets it again');
    give(node, advert({ priority: 50 }));
    assert.equal(stateOf(node), 'backup');
    release(node, NOTHING_RELEASED);
    assert.deepEqual([stateOf(node), instanceOf(node).priority], ['backup', priority]);
    give(node, advert({ priority: 50 }));
    pass(node, 26 * S);
    assert.equal(stateOf(node), 'master', 'it preempts again');
  });

test('two released masters end as one, and do not answer each other for ever', () => {
  const node = master({ priority: 100 });
  release(node, DRAINED);
  taken(node);
  give(node, advert({ priority: 0 }));
  assert.deepEqual(sent(node), []);
  give(node, advert({ priority: 1 }));
  assert.equal(stateOf(node), 'backup', 'the higher address stays');
  for (let at = 11; at <= 40; at++) {
    pass(node, at * S);
    give(node, advert({ priority: at % 10 === 0 ? 0 : 1 }));
  }
  assert.deepEqual([stateOf(node), sent(node)], ['backup', []]);
  pass(node, 45 * S);
  assert.equal(stateOf(node), 'master', 'a silent one is replaced');
});

test('one that is released before its start does not take addresses that a peer has; one by its name goes with its group', () => {
  const configuration = configurationOf({ priority: 255, initialState: 'master' });
  const node: VrrpNode = { state: initialState(), atUs: 0, wakeAtUs: undefined, effects: [] };
  give(node, { kind: 'released', released: DRAINED });
  give(node, { kind: 'configure', configuration, interfaces: [eth0, eth1] });
  assert.equal(stateOf(node), 'backup');
  for (let at = 1; at <= 8; at++) {
    pass(node, at * S);
    give(node, advert({ priority: 50 }));
  }
  assert.equal(stateOf(node), 'backup');
  give(node, { kind: 'configure', configuration, interfaces: [eth0, eth1] });
  assert.deepEqual([stateOf(node), instanceOf(node).priority], ['backup', 1], 'a reload does not end it');
  const pair = {
    ...configurationOf({ name: 'VI_1' }, { name: 'VI_2', vrid: 52, interface: 'eth1' }),
    syncGroups: [groupOf('G', ['VI_1', 'VI_2'])],
  };
  const both = startNode(pair);
  pass(both, 10 * S);
  release(both, { drain: null, instances: ['VI_2'] });
  assert.deepEqual([instanceOf(both, 'VI_1').priority, instanceOf(both, 'VI_2').priority], [1, 1]);
});
