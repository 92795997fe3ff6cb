// Histories of weir's VRRP (`weir sim vrrp` runs any number): no invariant may break. A failing seed prints its smallest history.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VrrpMachine } from '../../control/vrrp/state/vrrp-machine.js';
import { invariants } from './invariants/all.js';
import { describeHistory, judgeSeed, smallest } from './judge.js';
import type { Machine } from './machine.js';
import { weirMachine } from './weir-machine.js';

const HISTORIES = 120;

test(`${HISTORIES} histories break no invariant`, () => {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    if (judgeSeed(weirMachine, invariants, seed).violation === undefined) continue;
    assert.fail(describeHistory(weirMachine, invariants, smallest(weirMachine, invariants, seed)).join('\n'));
  }
});

test('a step depends on its arguments alone and changes none of them', () => {
  const twice: Machine<VrrpMachine> = {
    ...weirMachine,
    step: (state, input, atUs) => {
      const before = structuredClone({ state, input });
      const first = weirMachine.step(state, input, atUs);
      const answered = structuredClone(first);
      assert.deepEqual(weirMachine.step(state, input, atUs), answered);
      assert.deepEqual({ state, input }, before);
      return first;
    },
  };
  for (let seed = 5000; seed < 5010; seed++) judgeSeed(twice, [], seed);
});
