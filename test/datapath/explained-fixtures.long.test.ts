// Every packet fixture explained from the live tables before the programs meet its frame: verdict, frame and drop reasons must be the same.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Bed, openBed, skipReason } from './bed.js';
import { Explainer } from './explained.js';
import { carriageOf, subjectOf } from './fixture-subject.js';
import { fixtures } from './fixtures/index.js';
import { isTooShortForTc, prepare } from './fixtures/play-fixture.js';

/** Far fewer connections than the bed's own size is for: all tables are emptied for each frame. */
const CAPACITY = { connBuckets: 256 };

const skip = skipReason();
let bed: Bed;
let explainer: Explainer;

describe('packet fixtures explained', { skip }, () => {
  before(() => {
    bed = openBed({ attach: 'tc', capacity: CAPACITY });
    explainer = new Explainer(bed);
  });
  after(() => {
    explainer.close();
    bed.close();
  });
  const possible = fixtures.filter((fixture) => !isTooShortForTc(fixture));
  for (const fixture of possible) {
    test(fixture.description, () => {
      bed.wipe();
      prepare(subjectOf(bed, false), fixture);
      const { hook, device, frame, gso, mark = 0 } = fixture;
      const were = bed.drops();
      const hold = explainer.explain(hook, { device, bytes: frame, mark, ...(gso === undefined ? {} : { gsoSize: gso.gsoSize }) });
      const outcome = bed.send(hook, device, frame, carriageOf(fixture));
      const counted = Object.entries(bed.drops()).filter(([reason, count]) => count > (were[reason] ?? 0));
      hold(
        outcome,
        counted.map(([reason]) => reason),
      );
    });
  }
  test('there are as many as before', () => assert.ok(possible.length > 700));
});
