// The loaded programs against the reference director (src/datapath/memory/packets), on random histories: verdicts, frames, drop reasons,
// connections, counters and thresholds must be the same. The small table has all slots within reach of every connection, so it fills. (By tc
// alone: reference.long.test.ts.)
import { breadth, test } from '../../support/breadth.js';
import { openBed, skipReason } from '../bed.js';
import { compare } from './compare.js';

const SMALL_BUCKETS = 16;

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

async function compareByXdp(histories: number): Promise<void> {
  const bed = openBed({ attach: 'xdp', capacity: { connBuckets: SMALL_BUCKETS } });
  try {
    await compare({ bed, hook: 'xdp', histories, explainedIn: 8, wanted: MET });
  } finally {
    bed.close();
  }
}

test('by XDP with tc behind it the programs do what the reference director does', { skip: skipReason() }, () => compareByXdp(24));

breadth('in many more histories, too', { skip: skipReason() }, () => compareByXdp(80));
