// 10^5 generated messages each way through the proxy's machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeRequests, judgeResponses, keepingNone } from './in-process.js';

const RUNS = 100_000;

test('100,000 times no request becomes two at any server', () => {
  assert.ok(judgeRequests(keepingNone(), RUNS) > RUNS / 5);
});

test('100,000 times no answer becomes two at any client', () => {
  assert.ok(judgeResponses(keepingNone(), RUNS) > RUNS / 5);
});
