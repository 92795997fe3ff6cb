import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passes, type Row, table, verdict } from './report.js';

const row = (over: Partial<Row>): Row => ({ part: 'p', name: 'n', value: 10, unit: 'ns', ...over });

test('a gate is compared with the ratio where there is one, else with the value', () => {
  assert.equal(passes(row({})), undefined);
  assert.equal(passes(row({ ratio: 0.5, gate: { kind: 'at-most', limit: 0.8 } })), true);
  assert.equal(passes(row({ ratio: 0.9, gate: { kind: 'at-most', limit: 0.8 } })), false);
  assert.equal(passes(row({ gate: { kind: 'at-least', limit: 10 } })), true);
});

test('a figure that could not be taken misses its gate either way', () => {
  assert.equal(passes(row({ value: Number.NaN, gate: { kind: 'at-most', limit: 1 } })), false);
  assert.equal(passes(row({ value: Number.NaN, gate: { kind: 'at-least', limit: 1 } })), false);
});

test('the verdict counts gates only and names what was missed', () => {
  const rows = [row({}), row({ gate: { kind: 'at-most', limit: 1 } }), row({ gate: { kind: 'at-most', limit: 11 } })];
  assert.deepEqual(verdict(rows), { passed: 1, gates: 2, missed: ['p: n'] });
});

test('a table names the case, the figure, the ratio, the gate and the outcome', () => {
  const text = table('title', [row({ name: 'DR', value: 12.34, ratio: 0.4, basis: 'textbook', gate: { kind: 'at-most', limit: 0.8 } })]);
  assert.match(text, /^== title\n/);
  assert.match(text, /DR\s+12\.3 ns\s+0\.40 textbook\s+<= 0\.8\s+pass/);
});
