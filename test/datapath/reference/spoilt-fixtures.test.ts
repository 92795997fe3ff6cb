// Fixtures, and spoilt frames of them: the loaded programs do what the reference director does, by tc alone. (All of them, and by XDP in front of
// it: spoilt-fixtures.long.test.ts.)
import { test } from 'node:test';
import { skipReason } from '../bed.js';
import { assertSame, assertSameFixtures } from './spoilt-fixtures.js';

const CASES = 60;
/** What so few cases meet for certain. */
const MET = ['redirect', 'pass', 'drop', 'IPv6', 'UDP', 'TCP SYN_RECV', 'template', 'no_connection', 'short', 'bad_length'];

test('tc: spoilt frames of fixtures', { skip: skipReason() }, () => {
  assertSame('tc', { count: CASES }, MET);
});

test('tc: one fixture in ten', { skip: skipReason() }, () => {
  assertSameFixtures('tc', 10);
});
