import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparedRows, type Measurement, type Turn } from './against.js';
import { passes } from './report.js';

const one = (over: Partial<Measurement>): Measurement => ({ part: 'p', name: 'n', value: 10, unit: 'ns', samples: [10], ...over });
const turn = (here: Partial<Measurement>, there: Partial<Measurement>): Turn => ({ here: [one(here)], there: [one(there)] });

test('the ratio is the median of those of the turns, so that a slow turn changes nothing', () => {
  const turns = [turn({ value: 10 }, { value: 10 }), turn({ value: 300 }, { value: 300 }), turn({ value: 11 }, { value: 10 })];
  const [row] = comparedRows(turns);
  assert.equal(row?.ratio, 1);
  assert.equal(row?.value, 11);
  assert.match(row?.note ?? '', /the other: 10\.0 ns; in turns 1\.00 to 1\.10/);
});

test('a build that is slower than noise misses its gate', () => {
  assert.deepEqual(comparedRows([turn({ value: 11 }, { value: 10 })]).map(passes), [false]);
  assert.deepEqual(comparedRows([turn({ value: 10.4 }, { value: 10 })]).map(passes), [true]);
});

test('of a rate more is better', () => {
  const [row] = comparedRows([turn({ value: 200, unit: 'req/s' }, { value: 100, unit: 'req/s' })]);
  assert.equal(row?.ratio, 0.5);
});

test('a figure that either build could not take misses', () => {
  assert.deepEqual(comparedRows([turn({ value: null }, {})]).map(passes), [false]);
  assert.deepEqual(comparedRows([turn({}, {}), turn({}, { value: null })]).map(passes), [false]);
});

test('what the other build does not measure has no gate; peers, bounds and counts have no row', () => {
  assert.deepEqual(comparedRows([turn({}, { name: 'another' })]).map(passes), [undefined]);
  const bound: Measurement = { part: 'p', name: 'n, bound', value: 10, unit: 'ns' };
  const left = [one({ basis: 'peer/weir' }), one({ unit: '' }), bound];
  assert.deepEqual(comparedRows([{ here: left, there: left }]), []);
});
