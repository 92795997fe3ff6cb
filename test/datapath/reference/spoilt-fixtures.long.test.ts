// Spoilt frames of all fixtures for as many seconds as WEIR_FUZZ_SECONDS has, by default some: the loaded programs do what the reference director does.
import { test } from 'node:test';
import { skipReason } from '../bed.js';
import { assertSame } from './spoilt-fixtures.js';

const { WEIR_FUZZ_SECONDS = '25' } = process.env;

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
  test(`${attach}: spoilt frames of all fixtures for ${WEIR_FUZZ_SECONDS} s`, { skip: skipReason() }, (t) => {
    const { cases, disturbed } = assertSame(attach, { seconds: Number(WEIR_FUZZ_SECONDS) }, MET);
    t.diagnostic(`${cases} cases, ${disturbed} of them held up by other processes`);
  });
}
