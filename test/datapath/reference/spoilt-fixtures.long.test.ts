// Many spoilt frames of all fixtures, or as many as there is time for in WEIR_FUZZ_SECONDS: the loaded programs do what the reference director does.
import { test } from 'node:test';
import { skipReason } from '../bed.js';
import { assertSame, assertSameFixtures } from './spoilt-fixtures.js';

const { WEIR_FUZZ_SECONDS } = process.env;
/** Half a minute, or more on a busy machine. */
const CASES = 2000;
const length = WEIR_FUZZ_SECONDS === undefined ? { count: CASES } : { seconds: Number(WEIR_FUZZ_SECONDS) };

/** Rarer rules are left to the histories (reference.long.test.ts). */
const MET = [
  'redirect',
  'pass',
  'drop',
  'IPv6',
  'SCTP by IPv6',
  'SCTP of all ports',
  'a mark',
  'all ports of IPv6',
  'bad_checksum',
  'bad_length',
  'martian',
  'no_call_id',
  'no_connection',
  'short',
  'template of a call',
  'template of IPv6',
];

for (const attach of ['tc', 'xdp'] as const) {
  test(`${attach}: spoilt frames of all fixtures, ${WEIR_FUZZ_SECONDS === undefined ? `${CASES} cases` : `${WEIR_FUZZ_SECONDS} s`}`, {
    skip: skipReason(),
  }, (t) => {
    const { cases, disturbed } = assertSame(attach, length, MET);
    t.diagnostic(`${cases} cases, ${disturbed} of them held up by other processes`);
  });

  test(`${attach}: all fixtures`, { skip: skipReason() }, () => {
    assertSameFixtures(attach);
  });
}
