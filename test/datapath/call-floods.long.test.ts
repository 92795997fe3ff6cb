// A living call outranks those of a flood of a million new Call-IDs from one sender.
import { test } from 'node:test';
import { inBed, openBed, skipReason } from './bed.js';
import { CallsInMemory, LoadedCalls, SENDERS, survives } from './call-floods.js';
import { IPv4, IPv6 } from './fixtures/family.js';

const CALLS = 1_000_000;
/** The director in memory takes a tenth of a millisecond for each; its table of templates is full long before. */
const CALLS_IN_MEMORY = 100_000;

for (const family of [IPv4, IPv6]) {
  for (const [by, onePacket] of SENDERS.flatMap((each) => [false, true].map((once) => [each, once] as const))) {
    const name = `${family.name}, by a ${by}${onePacket ? ', one-packet scheduling' : ''}`;

    test(`${name}: a call that goes on keeps its server through a million others`, { skip: skipReason() }, () =>
      inBed((bed) => survives(new LoadedCalls(bed, family, onePacket), family, CALLS, by), openBed({ capacity: { connBuckets: 4096 } })),
    );

    test(`${name}, in memory: the same through a hundred thousand`, () =>
      survives(new CallsInMemory(family, onePacket), family, CALLS_IN_MEMORY, by));
  }
}
