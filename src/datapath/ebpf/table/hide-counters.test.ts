// What is hidden of counters, in tables of ordinary memory, with turns of the estimator between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Records } from '../../../sys/bpf/records.js';
import { Conf, Counters, Estimate } from '../abi.gen.js';
import { hideAllCounted, hideCounters } from './hide-counters.js';
import { statsOf } from './table-entries.js';
import type { Tables } from './tables.js';

const [CPUS, SERVICES, SERVICE] = [2, 4, 1];
const DESTS = [1, 2] as const;

const records = (bytes: number, count: number): Records => new Records(new ArrayBuffer(bytes * count), bytes);
const estimateOf = (dest: number): number => SERVICES + dest;

function setUp() {
  const conf = records(Conf.bytes, 1);
  conf.set(0, Conf.cpus, CPUS);
  conf.set(0, Conf.maxServices, SERVICES);
  const [estimates, counters] = [records(Estimate.bytes, 2 * SERVICES), records(Counters.bytes, CPUS * SERVICES)];
  const tables = { conf, estimates, counters } as unknown as Tables;
  const count = (dest: number, cpu: number): void => {
    const record = dest * CPUS + cpu;
    counters.setBig(record, Counters.conns, counters.big(record, Counters.conns) + 1n);
  };
  /** As the timer has it, of connections alone. */
  const turn = (): void => {
    for (const dest of DESTS) {
      const all = [0, 1].reduce((sum, cpu) => sum + counters.big(dest * CPUS + cpu, Counters.conns), 0n);
      const added = all - estimates.big(estimateOf(dest), Estimate.raw);
      for (const record of [estimateOf(dest), SERVICE]) estimates.setBig(record, Estimate.raw, estimates.big(record, Estimate.raw) + added);
    }
    for (const record of [SERVICE, ...DESTS.map(estimateOf)]) estimates.setBig(record, Estimate.shown, estimates.big(record, Estimate.raw));
  };
  const shown = (): readonly bigint[] => [SERVICE, ...DESTS.map(estimateOf)].map((record) => statsOf(tables, record).conns);
  return { tables, count, turn, shown };
}

test('of a deleted service nothing is shown later, of what was counted before the turn nor after it', () => {
  const { tables, count, turn, shown } = setUp();
  count(1, 0);
  count(2, 1);
  turn();
  assert.deepEqual(shown(), [2n, 1n, 1n]);
  count(1, 1);
  count(2, 0);
  hideAllCounted(tables, SERVICE, DESTS);
  assert.deepEqual(shown(), [0n, 0n, 0n]);
  hideCounters(tables, SERVICE); // as when it is added again, before the turn
  hideCounters(tables, estimateOf(1));
  assert.deepEqual(shown(), [0n, 0n, 0n]);
  count(1, 0);
  turn();
  assert.deepEqual(shown(), [1n, 1n, 0n]);
});

test('counters that are set to 0 show what packets counted since the turn before', () => {
  const { tables, count, turn, shown } = setUp();
  count(1, 0);
  turn();
  count(1, 0);
  for (const record of [SERVICE, estimateOf(1)]) hideCounters(tables, record);
  assert.deepEqual(shown(), [0n, 0n, 0n]);
  turn();
  assert.deepEqual(shown(), [1n, 1n, 0n]);
});
