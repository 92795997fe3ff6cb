// The guard rails of feedback, each by itself. One second of the clock is one second here; a period is five.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEEDBACK_DEFAULTS, type FeedbackSettings } from '../../model/feedback/feedback-settings.js';
import type { LoadReport } from '../../model/feedback/load-report.js';
import type { FeedbackInput, RememberedWeight, WeightWrite } from './messages.js';
import { initialFeedback, type ServerState } from './state.js';
import { step } from './step.js';

const US = 1_000_000;
const PERIOD_S = 5;

/** What a server does in a second: requests that it completes, and how busy that makes it. */
type Doing = readonly [completed: number, busy: number];

class Bench {
  #machine = initialFeedback();
  atS = 0;
  /** The table takes no change. */
  refuses = false;
  readonly down = new Set<string>();
  readonly weights = new Map<string, number>();
  readonly writes: WeightWrite[] = [];
  readonly log: string[] = [];
  readonly #sums = new Map<string, { completed: number; busyS: number }>();

  constructor(
    weights: Readonly<Record<string, number>>,
    settings: Partial<FeedbackSettings> = {},
    remembered?: ReadonlyMap<string, RememberedWeight>,
  ) {
    for (const [id, weight] of Object.entries(weights)) this.weights.set(id, weight);
    this.feed({ kind: 'configure', settings: { ...FEEDBACK_DEFAULTS, ...settings }, ...(remembered === undefined ? {} : { remembered }) });
    this.look();
  }

  feed(input: FeedbackInput): void {
    const { state, effects } = step(this.#machine, input, this.atS * US);
    this.#machine = state;
    for (const effect of effects) {
      if (effect.kind === 'log') this.log.push(effect.text);
      if (effect.kind !== 'write') continue;
      if (!this.refuses) for (const write of effect.writes) this.weights.set(write.server, write.to);
      this.writes.push(...effect.writes);
      this.feed({ kind: 'written', servers: this.refuses ? [] : effect.writes.map(({ server }) => server) });
    }
  }

  look(): void {
    const servers = [...this.weights].map(([id, weight]) => {
      const down = this.down.has(id) ? { down: true } : {};
      return { id, name: id, weight, counters: { conns: 0, active: 0 }, ...down };
    });
    this.feed({ kind: 'look', servers });
  }

  /** What a server reports now; `change` makes something else of it. */
  reportOf(id: string): LoadReport {
    const { completed, busyS } = this.#sums.get(id) ?? { completed: 0, busyS: 0 };
    return { counters: { clockUs: this.atS * US, run: 'a', resources: [{ name: 'cpu', busy: busyS, total: this.atS }], completed } };
  }

  /** Whole periods with a report of each server at the end; undefined: it is silent. */
  periods(
    count: number,
    doing: Readonly<Record<string, Doing | undefined>>,
    change?: (id: string, report: LoadReport) => LoadReport,
  ): void {
    for (let second = 0; second < count * PERIOD_S; second++) {
      this.atS++;
      for (const [id, does] of Object.entries(doing)) {
        const { completed, busyS } = this.#sums.get(id) ?? { completed: 0, busyS: 0 };
        this.#sums.set(id, { completed: completed + (does?.[0] ?? 0), busyS: busyS + (does?.[1] ?? 0) });
        if (this.atS % PERIOD_S !== 0 || does === undefined) continue;
        this.feed({ kind: 'report', server: id, report: change?.(id, this.reportOf(id)) ?? this.reportOf(id) });
      }
      this.look();
      this.feed({ kind: 'wake' });
    }
  }

  server(id: string): ServerState {
    const found = this.#machine.servers?.get(id);
    assert.ok(found !== undefined, id);
    return found;
  }

  all(...ids: readonly string[]): readonly number[] {
    return ids.map((id) => this.weights.get(id) ?? -1);
  }
}

const EVEN: Doing = [50, 0.5];
/** The same work, with most of its time taken by something else. */
const SLOW: Doing = [40, 0.97];

const even = { a: EVEN, b: EVEN, c: EVEN };
const slowFirst = { ...even, a: SLOW };

/** Three servers of weight 100, past their blackout. */
function started(settings: Partial<FeedbackSettings> = {}): Bench {
  const bench = new Bench({ a: 100, b: 100, c: 100 }, settings);
  bench.periods(3, even);
  assert.deepEqual(bench.all('a', 'b', 'c'), [100, 100, 100]);
  return bench;
}

test('a busy server is lowered by 30 % at most, and the others take what it gives up', () => {
  const bench = started();
  bench.periods(1, slowFirst);
  assert.deepEqual(bench.all('a', 'b', 'c'), [70, 115, 115]);
});

test('each change has its reason', () => {
  const bench = started();
  bench.periods(1, slowFirst);
  const reasons = bench.writes.map(({ server, from, to, reason }) => `${server} ${from}→${to}: ${reason}`);
  assert.match(
    reasons[0] ?? '',
    /^a 100→70: busy 0\.97 over 5\.0 s, 40 completed\/s, pool mean 0\.66, target 51; as far as one period may go$/,
  );
  assert.match(reasons[1] ?? '', /^b 100→115: busy 0\.50 over 5\.0 s, 50 completed\/s, pool mean 0\.66/);
});

test('within the dead band nothing is written', () => {
  const bench = started();
  bench.periods(5, { ...even, a: [50, 0.53] });
  assert.deepEqual(bench.writes, []);
});

test('a weight ends at its bounds, and never at 0', () => {
  const bench = started();
  bench.periods(30, { a: [0, 1], b: [500, 0.3], c: EVEN });
  const [a = 0, b = 0] = bench.all('a', 'b', 'c');
  assert.equal(a, 10);
  assert.ok(b <= 400);
  const small = new Bench({ a: 1, b: 1, c: 1 });
  small.periods(20, { a: [0, 1], b: EVEN, c: EVEN });
  assert.equal(small.all('a')[0], 1);
});

test('all busy: the weights stay, and the log has why', () => {
  const bench = started();
  bench.periods(3, { a: [40, 0.99], b: [90, 0.95], c: [50, 0.91] });
  assert.deepEqual(bench.writes, []);
  assert.deepEqual(bench.log, ['pool overloaded: all servers are busy, so the weights stay']);
  bench.periods(1, slowFirst);
  assert.equal(bench.log[1], 'the pool is no longer overloaded: weights follow the load');
});

test('reports of the first two periods do not count', () => {
  const bench = new Bench({ a: 100, b: 100, c: 100 });
  bench.periods(2, slowFirst);
  assert.deepEqual(bench.writes, []);
  bench.periods(1, slowFirst);
  assert.equal(bench.all('a')[0], 70);
});

test('a server that comes back begins with a fifth of its weight, and takes part after five periods', () => {
  const bench = started();
  bench.weights.delete('a');
  bench.periods(1, { b: EVEN, c: EVEN });
  bench.weights.set('a', 100);
  bench.look();
  assert.equal(bench.all('a')[0], 20);
  const seen: number[] = [];
  for (let period = 0; period < 5; period++) {
    bench.periods(1, even);
    seen.push(bench.all('a')[0] ?? 0);
  }
  assert.deepEqual(seen, [40, 60, 80, 100, 100]);
});

test('three periods of silence hold a weight; then it goes back in five steps', () => {
  const bench = started();
  bench.periods(2, slowFirst);
  const low = bench.all('a')[0] ?? 0;
  assert.ok(low < 60);
  const silent = { ...even, a: undefined };
  bench.periods(3, silent);
  assert.equal(bench.all('a')[0], low);
  const seen: number[] = [];
  for (let period = 0; period < 6; period++) {
    bench.periods(1, silent);
    seen.push(bench.all('a')[0] ?? 0);
  }
  assert.deepEqual(seen.slice(4), [100, 100], String(seen));
  assert.ok(seen.every((weight, index) => weight >= (seen[index - 1] ?? low)));
  assert.ok(bench.log.some((line) => line.includes('no report to go by for 4 periods')));
});

test('reports that cannot be true change nothing, and are named', () => {
  const lies: readonly (readonly [string, (report: LoadReport) => LoadReport])[] = [
    ['a counter is NaN', (report) => ({ counters: { ...report.counters, resources: [{ name: 'cpu', busy: Number.NaN, total: 1 }] } })],
    [
      'a counter is Infinity',
      (report) => ({ counters: { ...report.counters, resources: [{ name: 'cpu', busy: 1, total: Number.POSITIVE_INFINITY }] } }),
    ],
    ['its clock went back', (report) => ({ counters: { resources: [], ...report.counters, clockUs: 5 } })],
    ['its counter of cpu went back', (report) => ({ counters: { ...report.counters, resources: [{ name: 'cpu', busy: 0.1, total: 1 }] } })],
    ['its count of completed requests went back', (report) => ({ counters: { resources: [], ...report.counters, completed: 1 } })],
    [
      'cpu was busy longer than its time',
      (report) => ({ counters: { ...report.counters, resources: [{ name: 'cpu', busy: 1e6, total: 90 }] } }),
    ],
    ['a load of -1', () => ({ busy: -1 })],
    ['a weight of NaN %', () => ({ percent: Number.NaN })],
  ];
  for (const [text, lie] of lies) {
    const bench = started();
    bench.periods(1, slowFirst, (id, report) => (id === 'a' ? lie(report) : report));
    assert.deepEqual(bench.all('a'), [100], text);
    assert.ok(
      bench.log.some((line) => line === `a: its report is ignored: ${text}`),
      `${text}: ${bench.log.join('; ')}`,
    );
    assert.equal(bench.server('a').fault, text);
  }
});

test('no load with traffic is a lie', () => {
  const bench = started();
  bench.periods(3, { ...even, a: [50, 0] });
  assert.deepEqual(bench.writes, []);
  assert.ok(bench.log.includes('a: its report is ignored: it reports no load, and completed 250'));
});

test('a jump to more than 4 times counts when the next window shows it, too', () => {
  const bench = started();
  const fast = { ...even, a: [500, 0.5] as const };
  bench.periods(1, fast);
  assert.equal(bench.all('a')[0], 100);
  bench.periods(1, fast);
  assert.equal(bench.all('a')[0], 125);
});

test('of twelve at most four are lowered together', () => {
  const ids = Array.from({ length: 12 }, (_, index) => `s${index}`);
  const bench = new Bench(Object.fromEntries(ids.map((id) => [id, 100])));
  const doing = (busy: (index: number) => number) => Object.fromEntries(ids.map((id, index) => [id, [50, busy(index)] as const]));
  bench.periods(
    3,
    doing(() => 0.5),
  );
  bench.periods(
    1,
    doing((index) => (index < 8 ? 0.89 : 0.3)),
  );
  assert.equal(ids.filter((id) => (bench.weights.get(id) ?? 0) < 100).length, 4);
  assert.equal(
    [...bench.weights.values()].reduce((sum, weight) => sum + weight, 0),
    1200,
  );
});

test('a weight that another program writes is the configured one', () => {
  const bench = started();
  bench.periods(2, slowFirst);
  bench.weights.set('a', 50);
  bench.look();
  assert.equal(bench.server('a').configured, 50);
  assert.equal(bench.server('a').phase.kind, 'blackout');
  assert.ok(bench.log.some((line) => line.includes('another program wrote weight 50: it is the configured one now, not 100')));
});

test('weight 0 is the operator’s: it stays, and the others keep their shares', () => {
  const bench = started();
  bench.periods(2, slowFirst);
  bench.weights.set('b', 0);
  bench.periods(4, slowFirst);
  assert.equal(bench.all('b')[0], 0);
  assert.equal((bench.all('a')[0] ?? 0) + (bench.all('c')[0] ?? 0), 200);
});

test('a reload that writes the configured weight again does not forget what was found out', () => {
  const bench = started();
  bench.periods(2, slowFirst);
  const low = bench.all('a')[0];
  bench.weights.set('a', 100);
  bench.look();
  assert.deepEqual(bench.all('a'), [low]);
  bench.weights.set('a', 100);
  bench.look();
  assert.deepEqual(bench.all('a'), [100], 'a program that insists is right');
});

test('frozen weights stay, whatever is reported, and also at the end', () => {
  const bench = started();
  bench.feed({ kind: 'freeze', frozen: true });
  bench.periods(5, slowFirst);
  assert.deepEqual(bench.writes, []);
  bench.feed({ kind: 'freeze', frozen: false });
  bench.periods(1, slowFirst);
  assert.equal(bench.all('a')[0], 70);
});

test('at the end the configured weights come back, and nothing happens after it', () => {
  const bench = started();
  bench.periods(3, slowFirst);
  bench.feed({ kind: 'stop' });
  assert.deepEqual(bench.all('a', 'b', 'c'), [100, 100, 100]);
  bench.periods(3, slowFirst);
  assert.deepEqual(bench.all('a', 'b', 'c'), [100, 100, 100]);
});

test('a process that was killed leaves its weights, and the next one knows which they are', () => {
  const remembered = new Map([
    ['a', { configured: 100, effective: 40 }],
    ['b', { configured: 100, effective: 130, writing: 140 }],
    ['c', { configured: 100, effective: 120 }],
  ]);
  const bench = new Bench({ a: 40, b: 140, c: 90 }, {}, remembered);
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => bench.server(id).configured),
    [100, 100, 90],
  );
});

test('weights of 1 are divided by a scale', () => {
  const bench = new Bench({ a: 1, b: 1, c: 1 }, { scale: 100 });
  assert.deepEqual(bench.all('a', 'b', 'c'), [100, 100, 100]);
  bench.periods(3, slowFirst);
  assert.deepEqual(bench.all('a', 'b', 'c'), [70, 115, 115]);
  bench.feed({ kind: 'stop' });
  assert.deepEqual(bench.all('a', 'b', 'c'), [1, 1, 1]);
});

test('a server that is down stays in the table, and comes back with a fifth of its weight, as often as it does', () => {
  const bench = new Bench({ a: 1, b: 1, c: 1 }, { scale: 100 });
  for (let turn = 0; turn < 2; turn++) {
    bench.down.add('a');
    bench.periods(1, { b: EVEN, c: EVEN });
    assert.deepEqual([bench.server('a').phase.kind, bench.server('a').configured, bench.weights.get('a')], ['down', 1, 20]);
    bench.down.delete('a');
    bench.look();
    assert.deepEqual([bench.server('a').phase, bench.weights.get('a')], [{ kind: 'slow-start', step: 1 }, 20]);
    bench.periods(5, even);
    assert.equal(bench.weights.get('a'), 100);
  }
  bench.down.add('a');
  bench.look();
  bench.feed({ kind: 'stop' });
  assert.deepEqual(bench.all('a', 'b', 'c'), [1, 1, 1]);
});

test('a table that was away has the weights of before', () => {
  const bench = new Bench({ a: 1, b: 1 }, { scale: 100 });
  bench.feed({ kind: 'look', servers: undefined });
  bench.look();
  assert.deepEqual([bench.server('a').configured, ...bench.all('a', 'b')], [1, 100, 100]);
});

test('a server that wants no connections gets none, and begins slowly when it wants them again; the last one keeps its weight', () => {
  const bench = started();
  const drain: LoadReport = { state: { kind: 'drain', why: 'maint' } };
  bench.feed({ kind: 'report', server: 'a', report: drain });
  bench.periods(1, even);
  assert.equal(bench.all('a')[0], 0);
  for (const server of ['b', 'c']) bench.feed({ kind: 'report', server, report: drain });
  bench.periods(1, even);
  assert.equal(bench.all('b', 'c').filter((weight) => weight > 0).length, 1);
  bench.feed({ kind: 'report', server: 'a', report: { state: { kind: 'ready' } } });
  bench.periods(1, even);
  assert.equal(bench.all('a')[0], 20);
});

test('a percentage is of the configured weight, reached in steps', () => {
  const bench = started();
  const asks = (id: string): LoadReport => ({ percent: id === 'a' ? 50 : 100 });
  bench.periods(4, even, asks);
  const [a = 0, b = 0, c = 0] = bench.all('a', 'b', 'c');
  assert.ok(Math.abs(a / b - 0.5) < 0.1 && Math.abs(b - c) <= 1, `${a} ${b} ${c}`);
});

test('a write that was refused is tried again', () => {
  const bench = started();
  bench.refuses = true;
  bench.periods(1, slowFirst);
  assert.deepEqual([bench.all('a')[0], bench.server('a').effective], [100, 100]);
  bench.refuses = false;
  bench.periods(1, slowFirst);
  assert.deepEqual([bench.all('a')[0], bench.server('a').effective], [70, 70]);
});

test('a weight at its bounds has that for its limit, and the bound for its target', () => {
  const bench = started();
  bench.periods(30, { a: [0, 1], b: [500, 0.3], c: EVEN });
  const { limit, target } = bench.server('a').decision ?? assert.fail();
  assert.deepEqual([limit, target], ['bound', 10]);
});
