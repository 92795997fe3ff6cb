// Histories of weir's health checks (`weir sim check` runs any number): no invariant may break. A failing seed prints its smallest history.
// (300 of them: src/cli/commands/sim.long.test.ts.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertHistoriesHold, assertingPure } from '../../../test/support/sim-tests.js';
import { judgeSeed } from '../judge.js';
import { invariants } from './invariants/all.js';
import { historyOf } from './scenario.js';
import { simulatorOf } from './simulator.js';
import { weirMachine } from './weir-machine.js';

const HISTORIES = 8;

test(`${HISTORIES} histories break no invariant`, () => assertHistoriesHold(simulatorOf(weirMachine, invariants), HISTORIES));

test('a step depends on its arguments alone and changes none of them', () => {
  const simulator = simulatorOf(assertingPure(weirMachine), []);
  for (let seed = 5000; seed < 5002; seed++) assert.equal(judgeSeed(simulator, seed).violation, undefined);
});

test('a seed makes the same history always, in which everything that is disturbed for a while ends before the calm', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const history = historyOf(seed);
    assert.deepEqual(historyOf(seed), history);
    const { events, calmFromUs, endUs } = history;
    assert.ok(events.every(({ atUs }) => atUs <= calmFromUs) && endUs > calmFromUs);
    const last = new Map<string, boolean>();
    for (const { what } of events) {
      if (what.kind === 'lock') last.set('lock', !what.held);
      if (what.kind === 'sockets') last.set('sockets', what.available);
      if (what.kind === 'host') last.set(what.address, what.behaviour.kind !== 'flaky');
      if (what.kind === 'kill' || what.kind === 'crash' || what.kind === 'stop') last.set('process', false);
      if (what.kind === 'start') last.set('process', true);
    }
    for (const [what, ended] of last) assert.ok(ended, `seed ${seed}: ${what}`);
  }
});
