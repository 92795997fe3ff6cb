// Whatever bytes a client or a server sends, what the proxy sends on is read by every reader in the same way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeRequests, judgeResponses, keepingNone } from './in-process.js';

/** The share of generated messages that are passed on: fewer would mean that little was judged. */
const PASSED_MIN = 0.2;
const RUNS = 1500;

test('no request becomes two at any server', () => {
  const passed = judgeRequests(keepingNone(), RUNS);
  assert.ok(passed > PASSED_MIN * RUNS, `${passed}`);
});

test('no answer becomes two at any client', () => {
  const passed = judgeResponses(keepingNone(), RUNS);
  assert.ok(passed > PASSED_MIN * RUNS, `${passed}`);
});
