// A living call outranks those of a flood of new Call-IDs. (By every sender, and twenty times as many: call-floods.long.test.ts.)
import { breadth, test } from '../support/breadth.js';
import { inBed, openBed, skipReason } from './bed.js';
import { CallsInMemory, LoadedCalls, survives } from './call-floods.js';
import { IPv4, IPv6 } from './fixtures/family.js';

const CALLS = 10_000;

for (const [family, by, onePacket] of [
  [IPv4, 'client', false],
  [IPv6, 'server', true],
] as const) {
  const name = `${family.name}, by a ${by}${onePacket ? ', one-packet scheduling' : ''}`;

  (family === IPv4 ? test : breadth)(
    `${name}: a call that goes on keeps its server through a flood of others`,
    { skip: skipReason() },
    () =>
      inBed((bed) => survives(new LoadedCalls(bed, family, onePacket), family, CALLS, by), openBed({ capacity: { connBuckets: 1024 } })),
  );

  test(`${name}, in memory: the same`, () => survives(new CallsInMemory(family, onePacket), family, CALLS, by));
}
