// The loaded programs against the reference director (src/datapath/memory/packets), on random histories: verdicts, frames, drop reasons,
// connections, counters and thresholds must be the same. The small table has all slots within reach of every connection, so it fills. (By tc
// alone: reference.long.test.ts.)
import { test } from 'node:test';
import { openBed, skipReason } from '../bed.js';
import { compare } from './compare.js';

const [SMALL_BUCKETS, HISTORIES] = [16, 48];

/** What so few histories meet for certain. */
const MET = [
  'TCP ESTABLISHED',
  'TCP SYN_RECV',
  'SCTP INIT1',
  'IPv6',
  'template of IPv6',
  'all ports',
  'UDP',
  'template',
  'template of a call',
  'redirect',
  'pass',
  'drop',
  'no_connection',
  'grace',
  'no_call_id',
  'reverse_path',
];

test('by XDP with tc behind it the programs do what the reference director does', { skip: skipReason() }, async () => {
  const bed = openBed({ attach: 'xdp', capacity: { connBuckets: SMALL_BUCKETS } });
  try {
    await compare({ bed, hook: 'xdp', histories: HISTORIES, explainedIn: 8, wanted: MET });
  } finally {
    bed.close();
  }
});
