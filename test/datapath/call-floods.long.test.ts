// A living call outranks those of a long flood of new Call-IDs from one sender: each place for a template is taken a hundred times.
import { test } from 'node:test';
import { inBed, openBed, skipReason } from './bed.js';
import { CallsInMemory, LoadedCalls, SENDERS, survives } from './call-floods.js';
import { IPv4, IPv6 } from './fixtures/family.js';

/** For 2,048 templates. */
const [CALLS, BUCKETS] = [200_000, 4096];
const CALLS_IN_MEMORY = 10_000;

for (const family of [IPv4, IPv6]) {
  for (const [by, onePacket] of SENDERS.flatMap((each) => [false, true].map((once) => [each, once] as const))) {
    const name = `${family.name}, by a ${by}${onePacket ? ', one-packet scheduling' : ''}`;

    test(`${name}: a call that goes on keeps its server through ${CALLS} others`, { skip: skipReason() }, () =>
      inBed((bed) => survives(new LoadedCalls(bed, family, onePacket), family, CALLS, by), openBed({ capacity: { connBuckets: BUCKETS } })),
    );

    test(`${name}, in memory: the same`, () => survives(new CallsInMemory(family, onePacket), family, CALLS_IN_MEMORY, by));
  }
}
