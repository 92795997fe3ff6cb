// Payloads, generated requests and generated answers through weir proxy, nginx and HAProxy: where they differ, weir is the strict one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from '../../support/properties.js';
import { answers, requests } from './grammar.js';
import { payloads } from './payloads.js';
import { Tally } from './relation.js';
import { compareAnswers, Scripted } from './three-way-answers.js';
import { compareRequests, Recorded } from './three-way-requests.js';

const SAMPLE = 300;
/** Fewer would mean that little was judged. */
const PASSED_MIN = 0.1;
const NAMES = ['weir', 'nginx', 'haproxy'] as const;

let recorded: readonly Recorded[] = [];
let scripted: readonly Scripted[] = [];
before(async () => {
  recorded = await Promise.all(NAMES.map((name) => Recorded.start(name)));
  scripted = await Promise.all(NAMES.map((name) => Scripted.start(name)));
});
after(() => Promise.all([...recorded, ...scripted].map((each) => each.stop())));

test('payloads: weir refuses what it must, and passes on nothing that nginx or HAProxy read differently', async () => {
  const [weir] = recorded;
  const found = await Promise.all(payloads.map(({ bytes }) => weir!.patientVerdict(bytes)));
  for (const [index, { name, expected }] of payloads.entries()) {
    const { statuses, requests: sent } = found[index]!;
    if (typeof expected === 'number') assert.equal(statuses[0], expected, name);
    else assert.equal(sent.length, 1, name);
  }
  const tally = new Tally();
  await compareRequests(
    recorded,
    payloads.map(({ bytes }) => bytes),
    tally,
  );
  assert.deepEqual(tally.defects, []);
});

test('generated requests', async () => {
  const tally = new Tally();
  await compareRequests(recorded, fc.sample(requests, SAMPLE), tally);
  assert.deepEqual(tally.defects, []);
  assert.ok(tally.share('both pass it on') > PASSED_MIN);
});

test('generated answers', async () => {
  const tally = new Tally();
  await compareAnswers(scripted, fc.sample(answers, SAMPLE), tally);
  assert.deepEqual(tally.defects, []);
  assert.ok(tally.share('both pass it on') > PASSED_MIN);
});
