// 200,000 requests, 500 concurrent, through NAT and through DR.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stress } from '../../src/lab/labs/stress.js';
import { missing } from '../../src/lab/run/needed-commands.js';
import { evidenceOf, skipWithoutNetns } from './weir-lab.js';

const netns = skipWithoutNetns();
const lack = missing(stress);

test('weir lab stress', { skip: netns === false ? (lack === undefined ? false : `probe tools: ${lack}`) : netns }, async () => {
  const { evidence, status, stderr } = await evidenceOf('stress');
  assert.equal(status, 0, stderr);
  assert.equal(evidence.failed, 0);
});
