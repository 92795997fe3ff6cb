// Histories of weir's VRRP (`weir sim vrrp` runs any number): no invariant may break. A failing seed prints its smallest history.
// (1,500 of them: src/cli/commands/sim.long.test.ts.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertHistoriesHold, assertingPure } from '../../../test/support/sim-tests.js';
import { judgeSeed } from '../judge.js';
import { invariants } from './invariants/all.js';
import { simulatorOf } from './simulator.js';
import { weirMachine } from './weir-machine.js';

const HISTORIES = 10;

test(`${HISTORIES} histories break no invariant`, () => assertHistoriesHold(simulatorOf(weirMachine, invariants), HISTORIES));

test('a step depends on its arguments alone and changes none of them', () => {
  const simulator = simulatorOf(assertingPure(weirMachine), []);
  for (let seed = 5000; seed < 5004; seed++) assert.equal(judgeSeed(simulator, seed).violation, undefined);
});
