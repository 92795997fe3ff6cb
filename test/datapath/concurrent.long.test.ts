// Long storms on both CPUs.
import { test } from 'node:test';
import { skipReasonOfStorms, stormOnEdits, stormOnFlows } from './storms.js';

const skip = skipReasonOfStorms();
const PACKETS = 60_000;

for (const kind of ['tc', 'xdp'] as const) {
  test(`${kind}: a storm of SYNs and ACKs on the same flows, weights changing: every packet and connection counted once`, { skip }, () =>
    stormOnFlows(kind, PACKETS),
  );
  test(`${kind}: storms, edits, deletions and reuse together leave a whole table`, { skip }, () => stormOnEdits(kind, PACKETS));
}
