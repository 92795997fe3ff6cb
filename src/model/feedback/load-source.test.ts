import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceMisfit } from './load-source.js';

test('what misses a concurrency, and what has one for nothing, are two things', () => {
  assert.match(sourceMisfit('proxy-requests', true, undefined) ?? '', /^a source with its concurrency/);
  assert.match(sourceMisfit('orca', true, 8) ?? '', /^proxy-requests or connections/);
  assert.equal(sourceMisfit('proxy-requests', true, 8), undefined);
});
