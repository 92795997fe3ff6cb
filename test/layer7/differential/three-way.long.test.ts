// 10^5 generated requests and as many generated answers through weir proxy, nginx and HAProxy. Each difference has a kind and a reason; none is one
// where weir passes on what another one reads differently.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from '../../support/properties.js';
import { answers, requests } from './grammar.js';
import { Tally } from './relation.js';
import { compareAnswers, Scripted } from './three-way-answers.js';
import { compareRequests, Recorded } from './three-way-requests.js';

const ALL = Number(process.env['WEIR_TEST_MESSAGES'] ?? 100_000);
/** So many are kept in memory with what came of them. */
const BATCH = 4000;
const TIMEOUT_MS = 1_500_000;
const NAMES = ['weir', 'nginx', 'haproxy'] as const;
/** Behind each: it becomes a part of a body, of a head, or a request of its own, and ends what is whole. */
const LAST_REQUEST = 'GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
/** Shares: fewer would mean that little was judged. */
const PASSED_MIN = 0.25;
const STRICT_MIN = 0.02;

async function inBatches<Case>(cases: readonly Case[], compare: (batch: readonly Case[]) => Promise<void>): Promise<void> {
  for (let at = 0; at < cases.length; at += BATCH) await compare(cases.slice(at, at + BATCH));
}

function judge(tally: Tally, context: TestContext): void {
  for (const line of tally.lines) context.diagnostic(line);
  assert.deepEqual(tally.defects, []);
  assert.ok(tally.share('both pass it on') > PASSED_MIN);
  assert.ok(tally.share('weir refuses') > STRICT_MIN);
}

test('generated requests', { timeout: TIMEOUT_MS }, async (context) => {
  const engines = await Promise.all(NAMES.map((name) => Recorded.start(name)));
  const tally = new Tally();
  try {
    const all = fc.sample(requests, ALL).map((bytes) => bytes + LAST_REQUEST);
    await inBatches(all, (batch) => compareRequests(engines, batch, tally));
  } finally {
    await Promise.all(engines.map((each) => each.stop()));
  }
  judge(tally, context);
});

test('generated answers', { timeout: TIMEOUT_MS }, async (context) => {
  const engines = await Promise.all(NAMES.map((name) => Scripted.start(name)));
  const tally = new Tally();
  try {
    await inBatches(fc.sample(answers, ALL), (batch) => compareAnswers(engines, batch, tally));
  } finally {
    await Promise.all(engines.map((each) => each.stop()));
  }
  judge(tally, context);
});
