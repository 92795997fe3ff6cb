import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnswerTimeout } from './answer-timeout.js';

test('it is over once, after its time, and again after a restart only', async () => {
  let times = 0;
  const timeout = new AnswerTimeout(20, () => times++);
  assert.equal(times, 0);
  while (times === 0) await sleep(5);
  await sleep(60);
  assert.equal(times, 1);
  timeout.restart();
  while (times === 1) await sleep(5);
  timeout.cancel();
});

test('cancelled, it is never over, and a restart does not bring it back', async () => {
  let times = 0;
  const timeout = new AnswerTimeout(20, () => times++);
  timeout.cancel();
  timeout.restart();
  await sleep(80);
  assert.equal(times, 0);
  timeout.cancel();
});
