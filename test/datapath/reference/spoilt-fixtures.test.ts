// Spoilt frames of all fixtures: the loaded programs do what the reference director does, by tc alone. (By XDP in front of it:
// spoilt-fixtures.long.test.ts.)
import { test } from 'node:test';
import { skipReason } from '../bed.js';
import { assertSame } from './spoilt-fixtures.js';

const CASES = 200;
/** What so few cases meet for certain. */
const MET = ['redirect', 'pass', 'drop', 'IPv6', 'UDP', 'TCP SYN_RECV', 'template', 'no_connection', 'short', 'bad_length'];

test('tc: spoilt frames of fixtures', { skip: skipReason() }, () => {
  assertSame('tc', { count: CASES }, MET);
});
