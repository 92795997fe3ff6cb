// A drain whose end is due, and does not come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { director } from '../../../../test/support/doctor-facts.js';
import { drainsRule } from './drains.js';

test('a drain past its end by a minute is reported, with the command that has it end', () => {
  const found = (overdueS: number) => drainsRule({ ...director, drains: [{ id: 'd1', target: '10.0.0.2', overdueS }] });
  assert.deepEqual([found(-5), found(30), drainsRule(director)], [[], [], []]);
  const [finding] = found(90);
  assert.deepEqual([finding?.severity, finding?.code, finding?.fix], ['warning', 'drain-hangs', 'weir drain list']);
  assert.match(finding?.cause ?? '', /90 s ago/);
});

test('a drain of a peer that leaves a service without a server is reported', () => {
  const emptied = [{ id: 'd3', target: '10.0.0.2', service: 'tcp:192.0.2.1:80' }];
  const [finding] = drainsRule({ ...director, emptied });
  assert.deepEqual([finding?.severity, finding?.code, finding?.fix], ['warning', 'drain-empties', 'weir drain cancel d3']);
  assert.match(finding?.what ?? '', /tcp:192\.0\.2\.1:80 without a server/);
  const [override] = drainsRule({ ...director, emptied: emptied.map(({ target, service }) => ({ target, service })) });
  assert.equal(override?.fix, "weir api DELETE /v1/overrides/10.0.0.2 --if-match '*'");
});

test('so is an override whose time was over a minute ago', () => {
  const [finding] = drainsRule({ ...director, drains: [{ target: '10.0.0.2', overdueS: 90 }] });
  assert.deepEqual([finding?.code, finding?.fix], ['drain-hangs', 'weir drain list']);
  assert.equal(finding?.what, 'the override of 10.0.0.2 does not end');
  assert.doesNotMatch(finding?.advice ?? '', /cancel/);
});
