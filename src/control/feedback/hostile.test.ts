// Numbers of servers that lie: whatever they are, only weights within the bounds are written, and the other servers stay as they were.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { CUBE_ROOT, FEEDBACK_DEFAULTS, type FeedbackSettings } from '../../model/feedback/feedback-settings.js';
import type { LoadReport } from '../../model/feedback/load-report.js';
import { boundsOf, decide, type Member } from './law.js';
import type { FeedbackInput } from './messages.js';
import { type FeedbackMachine, initialFeedback } from './state.js';
import { step } from './step.js';

const US = 1_000_000;
const PERIODS = 8;
const IDS = ['a', 'b', 'liar'] as const;

/** Three servers whose reports are made by `lie` for one of them; what was written, and what was logged. */
function run(lie: (atS: number) => LoadReport, settings: Partial<FeedbackSettings> = {}) {
  const weights = new Map<string, number>(IDS.map((id) => [id, 100]));
  const log: string[] = [];
  let machine: FeedbackMachine = initialFeedback();
  const feed = (input: FeedbackInput, atS: number): void => {
    const { state, effects } = step(machine, input, atS * US);
    machine = state;
    for (const effect of effects) {
      if (effect.kind === 'log') log.push(effect.text);
      else {
        for (const { server, to } of effect.writes) weights.set(server, to);
        feed({ kind: 'written', servers: effect.writes.map(({ server }) => server) }, atS);
      }
    }
  };
  const honest = (atS: number): LoadReport => ({
    counters: { clockUs: atS * US, run: 'r', resources: [{ name: 'cpu', busy: atS / 2, total: atS }], completed: atS * 50 },
  });
  const seen: (readonly number[])[] = [];
  feed({ kind: 'configure', settings: { ...FEEDBACK_DEFAULTS, ...settings } }, 0);
  for (let atS = 0; atS <= PERIODS * 5; atS += 2.5) {
    feed(
      { kind: 'look', servers: IDS.map((id) => ({ id, name: id, weight: weights.get(id) ?? -1, counters: { conns: 0, active: 0 } })) },
      atS,
    );
    for (const server of IDS) feed({ kind: 'report', server, report: server === 'liar' ? lie(atS) : honest(atS) }, atS);
    feed({ kind: 'wake' }, atS);
    seen.push(IDS.map((id) => weights.get(id) ?? -1));
  }
  return { seen, log, fault: machine.servers?.get('liar')?.fault };
}

const lying = (counters: Partial<NonNullable<LoadReport['counters']>>, atS: number): LoadReport => ({
  counters: { clockUs: atS * US, run: 'r', resources: [{ name: 'cpu', busy: atS / 2, total: atS }], completed: atS * 50, ...counters },
});

test('a clock that nearly stands still, and one that runs away, are lies of that server alone', () => {
  for (const speed of [1e-303, 1e-9, 0.01, 100, 1e9]) {
    const { seen, fault } = run((atS) => lying({ clockUs: atS * US * speed }, atS));
    assert.match(fault ?? '', /its clock went|a counter is/, `speed ${speed}`);
    for (const weights of seen) assert.deepEqual(weights, [100, 100, 100], `speed ${speed}`);
  }
});

test('more than a server can complete is a lie', () => {
  for (const completed of [1e9, 2 ** 53, 1e300]) {
    const { seen, fault } = run((atS) =>
      lying({ completed: completed * atS, resources: [{ name: 'cpu', busy: atS / 100, total: atS }] }, atS),
    );
    assert.match(fault ?? '', /it completed|a counter is/, `${completed}`);
    for (const weights of seen) assert.deepEqual(weights, [100, 100, 100], `${completed}`);
  }
});

const hostile = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 5e-324, 1e-303, 1, 2 ** 53, 2 ** 53 + 2, 1e300, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY),
  fc.integer({ min: 0, max: 100 }),
);
const lie: fc.Arbitrary<LoadReport> = fc.oneof(
  fc.record({
    counters: fc.record({
      clockUs: hostile,
      run: fc.constant('r'),
      resources: fc.tuple(fc.record({ name: fc.constant('cpu'), busy: hostile, total: hostile })),
      completed: hostile,
    }),
  }),
  fc.record({ busy: hostile }),
  fc.record({ percent: hostile }),
);
/** Numbers that grow in proportion to time, so that many are windows. */
const growing = fc.tuple(hostile, hostile, hostile).map(
  ([clock, busy, completed]) =>
    (atS: number): LoadReport =>
      lying({ clockUs: atS * US * clock, resources: [{ name: 'cpu', busy: atS * busy, total: atS }], completed: atS * completed }, atS),
);
const listed = fc.array(lie, { minLength: 1, maxLength: 16 }).map(
  (list) =>
    (atS: number): LoadReport =>
      list[Math.round(atS / 2.5) % list.length] ?? {},
);

test('whatever one server reports, weights are whole numbers within the bounds', () => {
  const { lowest, highest } = boundsOf(100, FEEDBACK_DEFAULTS);
  fc.assert(
    fc.property(fc.oneof(growing, listed), fc.boolean(), (report, isCubeRoot) => {
      const { seen, log } = run(report, isCubeRoot ? { law: CUBE_ROOT } : {});
      const most = isCubeRoot ? 1000 : highest;
      for (const weight of seen.flat()) assert.ok(Number.isInteger(weight) && weight >= lowest && weight <= most, `${weight}`);
      assert.deepEqual(
        log.filter((line) => line.includes('is no weight')),
        [],
      );
    }),
    { numRuns: 300 },
  );
});

test('the law decides whole numbers within the bounds for windows of any numbers, and holds the servers of those that are none', () => {
  const window = fc.record({ seconds: hostile, busy: hostile, completed: hostile });
  const member = fc.record({ weight: fc.integer({ min: 10, max: 400 }), configured: fc.constant(100), window });
  fc.assert(
    fc.property(fc.array(member, { minLength: 1, maxLength: 6 }), (list) => {
      const pool = list.map(
        ({ weight, configured, window: one }): Member => ({ weight, configured, follows: { kind: 'measured', window: one } }),
      );
      const { lowest, highest } = boundsOf(100, FEEDBACK_DEFAULTS);
      for (const { weight } of decide(pool, FEEDBACK_DEFAULTS).decisions)
        assert.ok(Number.isInteger(weight) && weight >= lowest && weight <= highest, `${weight}`);
    }),
    { numRuns: 2000 },
  );
});
