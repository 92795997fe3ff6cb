// Histories of weir's own stream: clients, takeovers and troubles of two or three nodes. A failing seed prints its smallest history.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeSeed } from '../../src/sim/judge.js';
import { assertHistoriesHold } from '../support/sim-tests.js';
import { streamSimulator } from './stream-simulation/simulator.js';

const HISTORIES = 12;

test(`${HISTORIES} histories leave all nodes with the same`, () => assertHistoriesHold(streamSimulator, HISTORIES));

/**
 * Clocks half of their range apart; an end of what came back as an echo, one that may be too late to count, and one that no look has met. Of three nodes: an end
 * that a relay comes after, at another node and at the one that has ended it; relays of older states, of which the first or the second was taken for newer,
 * or won where times were too close; what comes back of a node that was away after its end. Of two: an end while a process was down.
 */
const BROKEN = [245, 735, 671, 846, 1010, 561, 2714, 756, 2693, 4695, 4992, 4596, 169];

test('histories that were broken once hold', () => {
  for (const seed of BROKEN) assert.equal(judgeSeed(streamSimulator, seed).violation?.text, undefined, `seed ${seed}`);
});
