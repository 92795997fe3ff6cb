// Payloads and generated requests through weir proxy, nginx and HAProxy: where they differ, weir is the strict one.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { breadth, test } from '../../support/breadth.js';
import fc from '../../support/properties.js';
import { type Engine, startEngine } from './engines.js';
import { requests } from './grammar.js';
import { payloads } from './payloads.js';
import { differences, PATIENT_WAIT_MS, verdicts } from './three-way.js';

const SAMPLE = 400;
const BREADTH = 5000;

let engines: readonly Engine[] = [];
before(async () => {
  engines = await Promise.all((['weir', 'nginx', 'haproxy'] as const).map(startEngine));
});
after(() => Promise.all(engines.map((engine) => engine.stop())));

const compare = async (all: readonly string[]): Promise<readonly string[]> => {
  const [weir, ...others] = engines;
  return differences(weir!, others, all);
};

test('payloads: weir refuses what it must, and passes on nothing that nginx or HAProxy read differently', async () => {
  const found = await verdicts(
    engines[0]!,
    payloads.map(({ bytes }) => bytes),
    PATIENT_WAIT_MS,
  );
  for (const [index, { name, expected }] of payloads.entries()) {
    const { status, requests: sent } = found[index]!;
    if (typeof expected === 'number') assert.equal(status, expected, name);
    else assert.equal(sent.length, 1, name);
  }
  assert.deepEqual(await compare(payloads.map(({ bytes }) => bytes)), []);
});

test('generated requests', async () => {
  assert.deepEqual(await compare(fc.sample(requests, SAMPLE)), []);
});

breadth('many generated requests', async () => {
  assert.deepEqual(await compare(fc.sample(requests, BREADTH)), []);
});
