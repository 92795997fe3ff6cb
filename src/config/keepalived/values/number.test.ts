import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import { diagnosticOf } from '../diagnostics/report.js';
import * as number from './number.js';

/** The result, with the problem as text. */
function worded({ value, problem }: number.ReadNumber) {
  const text = problem && diagnosticOf(problem.code, { file: '', line: 1, column: 1 }, problem.details).text;
  return { ...(value === undefined ? {} : { value }), ...(text === undefined ? {} : { problem: text }) };
}

const readWhole = (...args: Parameters<typeof number.readWhole>) => worded(number.readWhole(...args));
const readTime = (...args: Parameters<typeof number.readTime>) => worded(number.readTime(...args));

test('whole numbers', () => {
  const byte = { min: 1, max: 255 };
  assert.deepEqual(readWhole('+5', byte), { value: 5 });
  assert.deepEqual(readWhole('010', byte), { value: 10 });
  assert.deepEqual(readWhole('', { min: 0, max: 9 }), { value: 0 });
  for (const text of ['abc', '5x', '1.5', '0x10', '-', '5,', ' 5']) assert.equal(readWhole(text, byte).problem, `invalid number '${text}'`);
  assert.equal(readWhole('-1', byte).problem, "negative number '-1'");
  assert.equal(readWhole('256', byte).problem, "number '256' outside range [1, 255]");
  assert.equal(readWhole('4294967296', byte).problem, "number '4294967296' outside unsigned integer range");
  assert.equal(readWhole('-21', { min: -20, max: 19 }).problem, "number '-21' outside range [-20, 19]");
  assert.equal(readWhole('2147483648', { min: -20, max: 19 }).problem, "number '2147483648' outside integer range");
  assert.equal(readWhole('-1', { min: 0, max: 1, signed: true }).problem, "number '-1' outside range [0, 1]");
});

test('times', () => {
  const bounds = { minUs: 10_000, maxUs: 255_000_000 };
  assert.deepEqual(readTime('.5', bounds), { value: 500_000 });
  assert.deepEqual(readTime('5.', bounds), { value: 5_000_000 });
  assert.deepEqual(readTime('+1', bounds), { value: 1_000_000 });
  assert.deepEqual(readTime('1.1234565', bounds), { value: 1_123_457, problem: "number '1.1234565' has too many decimal places" });
  for (const text of ['1.5s', '1.2.3', '1e3', '.', 'abc'])
    assert.deepEqual(readTime(text, bounds), { problem: `invalid number '${text}'` });
  assert.deepEqual(readTime('-1', bounds), { problem: "negative number '-1'" });
  assert.deepEqual(readTime('0', bounds), { problem: "number '0' outside range [0.010000, 255.000000]" });
  assert.deepEqual(readTime('1.5', { minUs: 0, maxUs: 10_000, unit: 'ms' }), { value: 1_500 });
});

test('plain numbers come back unchanged', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => readWhole(`${n}`, { min: 0, max: 0xffffffff }).value === n));
  fc.assert(fc.property(fc.nat(4e9), (us) => readTime((us / 1e6).toFixed(6), { minUs: 0, maxUs: 4e9 }).value === us));
});
