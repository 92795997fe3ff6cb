import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shrink } from './shrink.js';
import type { History } from './vrrp/history.js';
import { historyOf } from './vrrp/scenario.js';

const busy = (): History => {
  for (let seed = 1; ; seed++) {
    const history = historyOf(seed);
    if (new Set(history.events.map(({ episode }) => episode)).size >= 10) return history;
  }
};

test('only the episodes that the failure needs are left, each whole', () => {
  const history = busy();
  const episodes = [...new Set(history.events.map(({ episode }) => episode))];
  const needed = [episodes[1]!, episodes[7]!];
  const small = shrink(history, ({ events }) => needed.every((number) => events.some(({ episode }) => episode === number)));
  assert.deepEqual(
    small.events,
    history.events.filter(({ episode }) => needed.includes(episode)),
  );
});

test('a history that needs everything stays, and the number of runs is bounded', () => {
  const history = busy();
  let runs = 0;
  const small = shrink(
    history,
    () => {
      runs++;
      return false;
    },
    15,
  );
  assert.deepEqual(small, history);
  assert.equal(runs, 15);
});
