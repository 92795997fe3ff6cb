// The machine of drains on generated histories, and check-drain on tables.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import {
  type Drain,
  type DrainRecord,
  type DrainRemaining,
  holdsOf,
  isCounted,
  isDueAt,
  isEmptied,
  isUnfinished,
  NO_DRAINS,
  readDrainRecord,
} from '../../model/drain/drain.js';
import { storedWeight } from '../../model/drain/effective-weight.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { ServiceKey } from '../../model/service.js';
import { checkDrain } from './check-drain.js';
import { DRAIN_DEFAULTS, type DrainEffect, type DrainInput, type DrainRequest, type DrainView } from './messages.js';
import { step } from './step.js';

const US = 1_000_000;
const service = (port: number): ServiceKey => ({ kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port });
const server = (last: number, port: number) => ({ address: ip(`10.0.0.${last}`), port });
const view = (persistent: boolean, ports: readonly number[] = [80, 443]): DrainView =>
  ports.map((port) => ({
    key: service(port),
    persistent,
    servers: [1, 2].map((last) => ({ key: server(last, port), configured: 10, held: false })),
  }));
const request = (asked: Partial<DrainRequest> = {}): DrainRequest => ({ ...DRAIN_DEFAULTS, target: '10.0.0.1', ...asked });
const left = (open: number, persistent = 0): DrainRemaining => ({
  open,
  over: 3,
  byState: { ESTABLISHED: open, TIME_WAIT: 3 },
  persistent,
  idleMaxS: open === 0 ? null : 1,
});
const look = (...opens: readonly (readonly [id: string, open: number, persistent?: number])[]): DrainInput => ({
  kind: 'look',
  remaining: new Map(opens.map(([id, open, persistent]) => [id, left(open, persistent)])),
});
const start = (asked: Partial<DrainRequest> = {}, table = view(false)): DrainInput => ({
  kind: 'start',
  request: request(asked),
  view: table,
  startedAt: '2026-11-27T00:00:00Z',
});

/** The machine on a clock in seconds; what every process of it knows goes through the text that is pinned. */
class Bench {
  record: DrainRecord = NO_DRAINS;
  readonly events: string[] = [];
  ends: readonly DrainEffect[] = [];
  asked: readonly DrainEffect[] = [];
  wakeAtUs: number | undefined;

  feed(input: DrainInput, atS: number): this {
    const read = readDrainRecord(JSON.stringify(this.record));
    assert.deepEqual(read, this.record);
    const { state, effects, wakeAtUs } = step(read ?? NO_DRAINS, input, atS * US);
    this.record = state;
    this.wakeAtUs = wakeAtUs;
    this.asked = effects;
    this.ends = effects.filter(({ kind }) => kind === 'end');
    for (const effect of effects) if (effect.kind === 'event') this.events.push(`${effect.event.id} ${effect.event.event}`);
    return this;
  }

  get one(): Drain {
    const [first] = this.record.drains;
    assert.ok(first);
    return first;
  }
}

test('it is empty when nothing was open for the settling time, and not before; closed ones do not hold it up', () => {
  const bench = new Bench()
    .feed(start(), 0)
    .feed(look(['d1', 10]), 1)
    .feed(look(['d1', 0]), 2);
  assert.equal(bench.one.state, 'draining');
  assert.equal(bench.wakeAtUs, 4 * US);
  bench
    .feed(look(['d1', 1]), 3)
    .feed(look(['d1', 0]), 4)
    .feed(look(['d1', 0]), 5);
  assert.equal(bench.one.state, 'draining');
  bench.feed(look(['d1', 0]), 6);
  assert.deepEqual([bench.one.state, bench.one.holds], ['empty', true]);
  assert.deepEqual([bench.events[0], bench.events.at(-1)], ['d1 started', 'd1 empty']);
});

test('an event at each tenth, each once and rising', () => {
  const bench = new Bench().feed(start(), 0);
  for (let open = 100; open >= 1; open--) bench.feed(look(['d1', open]), 101 - open);
  assert.equal(bench.events.filter((event) => event === 'd1 progress').length, 9);
});

test('honoured clients may come until their own deadline, and hold it open; released ones never may', () => {
  const bench = new Bench().feed(start({ persistence: 'honour', honourS: 30, deadlineS: 60 }), 0);
  bench.feed(look(['d1', 0, 2]), 1).feed(look(['d1', 0, 2]), 20);
  assert.deepEqual([bench.one.state, bench.one.released], ['draining', false]);
  bench.feed(look(['d1', 0, 2]), 30).feed(look(['d1', 0, 2]), 32);
  assert.deepEqual([bench.one.state, bench.one.released], ['empty', true]);
  assert.deepEqual(bench.events, ['d1 started', 'd1 released', 'd1 empty']);
  assert.equal(new Bench().feed(start(), 0).one.released, true);
  assert.equal(new Bench().feed(start({ persistence: 'honour', honourS: 900, deadlineS: 60 }), 0).one.persistenceDeadlineUs, 60 * US);
});

test('what the end asks for is asked for until it is done; keep asks for nothing', () => {
  for (const end of ['keep', 'reset', 'remove'] as const) {
    const bench = new Bench().feed(start({ end, deadlineS: 10 }), 0).feed(look(['d1', 5]), 10);
    assert.equal(bench.one.state, 'deadline');
    for (let again = 0; again < 2; again++) {
      assert.deepEqual(bench.ends, end === 'keep' ? [] : [{ kind: 'end', id: 'd1', action: end }]);
      bench.feed(look(['d1', 5]), 11 + again);
    }
    bench.feed({ kind: 'done', id: 'd1' }, 20).feed(look(['d1', 5]), 21);
    assert.deepEqual([bench.ends, bench.one.holds], [[], true]);
  }
  const empty = (end: 'reset' | 'remove') =>
    new Bench()
      .feed(start({ end }), 0)
      .feed(look(['d1', 0]), 1)
      .feed(look(['d1', 0]), 3);
  assert.deepEqual(empty('reset').ends, []);
  assert.deepEqual(empty('remove').ends, [{ kind: 'end', id: 'd1', action: 'remove' }]);
});

test('after its end what is left is counted every 5 s until nothing is, and the end stays what it was', () => {
  const nothing = { open: 0, over: 0, byState: {}, persistent: 0, idleMaxS: null };
  const none: DrainInput = { kind: 'look', remaining: new Map([['d1', nothing]]) };
  const bench = new Bench().feed(start({ deadlineS: 10 }), 0).feed(look(['d1', 5]), 10);
  const picture = () => [bench.one.state, bench.one.openAtDeadline, bench.one.remaining?.open, isEmptied(bench.one), isCounted(bench.one)];
  assert.deepEqual(picture(), ['deadline', 5, 5, false, true]);
  assert.deepEqual([isDueAt(bench.record, 14 * US), isDueAt(bench.record, 15 * US)], [false, true]);
  const events = bench.events.length;
  bench.feed(look(['d1', 2]), 15);
  assert.deepEqual(picture(), ['deadline', 5, 2, false, true]);
  bench.feed(look(['d1', 0]), 20);
  assert.deepEqual(picture(), ['deadline', 5, 0, true, true], 'those in TIME_WAIT are counted on');
  bench.feed(none, 25);
  assert.deepEqual([...picture(), bench.one.remaining?.over, bench.events.length], ['deadline', 5, 0, true, false, 0, events]);
  const reset = new Bench().feed(start({ end: 'reset', deadlineS: 10 }), 0).feed(look(['d1', 5]), 10);
  assert.deepEqual(
    [isEmptied(reset.one), reset.feed({ kind: 'done', id: 'd1' }, 12).feed(look(['d1', 0]), 13).one.remaining?.open],
    [false, 0],
  );
  const cancelled = new Bench()
    .feed(start(), 0)
    .feed(look(['d1', 5]), 1)
    .feed({ kind: 'cancel', id: 'd1' }, 2)
    .feed(none, 9);
  assert.deepEqual([cancelled.one.remaining?.open, isCounted(cancelled.one)], [5, false], 'a cancelled one has what was left then');
});

test('this director after its deadline: a peer that takes over later empties it, and then it is not counted any more', () => {
  const seen = (masters: readonly string[], open: number): DrainInput =>
    ({ ...look(['d1', open]), handover: { masters, wouldBreak: 0 } }) as DrainInput;
  const bench = new Bench().feed(start({ target: 'director', deadlineS: 10 }), 0).feed(seen(['vA'], 5), 10);
  assert.deepEqual([bench.one.state, isEmptied(bench.one), isCounted(bench.one)], ['deadline', false, true]);
  bench.feed(seen([], 5), 15);
  assert.deepEqual([bench.one.remaining?.open, bench.one.remaining?.over, isEmptied(bench.one), isCounted(bench.one)], [0, 8, true, false]);
});

test('slow start: the configured weight comes back by tenths, rising, and wholly at its end; a new drain takes it away again', () => {
  const bench = new Bench().feed(start(), 0).feed({ kind: 'cancel', id: 'd1', slowStartS: 100 }, 10);
  const weight = () => storedWeight(40, 0, holdsOf(bench.record)(service(80), server(1, 80))).weight;
  const seen: number[] = [];
  for (let atS = 10; atS < 110; atS += 5) {
    seen.push(weight());
    assert.ok(bench.wakeAtUs !== undefined && bench.wakeAtUs > atS * US && bench.wakeAtUs <= (atS + 10) * US);
    bench.feed(look(['d1', 0]), atS + 5);
  }
  assert.deepEqual([seen[0], new Set(seen).size, seen.toSorted((a, b) => a - b)], [4, 10, seen]);
  assert.deepEqual([weight(), bench.one.holds, isUnfinished(bench.one), bench.events.at(-1)], [40, false, false, 'd1 restored']);
  bench
    .feed({ kind: 'cancel', id: 'd1' }, 120)
    .feed(start(), 130)
    .feed({ kind: 'cancel', id: 'd2', slowStartS: 100 }, 140)
    .feed(start(), 141);
  assert.equal(weight(), 0, 'the newer drain counts');
  bench.feed({ kind: 'cancel', id: 'd3' }, 150).feed({ kind: 'cancel', id: 'd2' }, 151);
  assert.deepEqual(
    [weight(), holdsOf(bench.record)(service(80), server(1, 80))],
    [40, undefined],
    'cancelled again it is back immediately',
  );
});

test('this director: it is released while it is drained, empty when its peers have the addresses and the connections, and takes them again', () => {
  const gone = (masters: readonly string[], wouldBreak: number | null, open = 5): DrainInput =>
    ({ ...look(['d1', open]), handover: { masters, wouldBreak } }) as DrainInput;
  const begin = () => new Bench().feed(start({ target: 'director' }), 0);
  const asked = (bench: Bench) => bench.asked.filter(({ kind }) => kind !== 'event');
  const bench = begin().feed(gone(['vA'], 5), 1);
  assert.deepEqual(asked(bench), [{ kind: 'handOver', id: 'd1' }]);
  assert.equal(holdsOf(bench.record)(service(80), server(1, 80)), undefined, 'no server is held');
  bench.feed(gone(['vA'], 0, 0), 5);
  assert.equal(bench.one.quietSinceUs, null, 'while it is MASTER it is not empty');
  bench.feed(gone([], 3), 6).feed(gone([], 3), 9);
  assert.equal(bench.one.state, 'draining', 'its peers lack connections');
  bench.feed(gone([], 0), 10).feed(gone([], 0), 12);
  assert.deepEqual([bench.one.state, bench.one.remaining?.open, bench.one.remaining?.over], ['empty', 0, 8]);
  assert.deepEqual(bench.events, ['d1 started', 'd1 handed-over', 'd1 empty']);
  bench.feed({ kind: 'cancel', id: 'd1' }, 20);
  for (const atS of [21, 22]) assert.deepEqual(asked(bench.feed(look(['d1', 5]), atS)), [{ kind: 'end', id: 'd1', action: 'handBack' }]);
  assert.deepEqual(asked(bench.feed({ kind: 'done', id: 'd1' }, 23).feed(look(['d1', 5]), 24)), []);
  const upgraded = begin()
    .feed(gone(['vA'], 0), 1)
    .feed(look(['d1', 0]), 2)
    .feed(look(['d1', 0]), 9);
  assert.deepEqual(
    [upgraded.one.state, upgraded.one.handover?.masters],
    ['draining', ['vA']],
    'a daemon that is away has handed over nothing',
  );
  const late = begin().feed(gone(['vA'], 0, 0), 301);
  assert.equal(late.one.state, 'deadline', 'no peer has taken over');
});

type Act = readonly [kind: 'start' | 'cancel' | 'look' | 'done', which: number, number: number, afterS: number];
const acts = fc.array(
  fc.tuple(
    fc.constantFrom<Act[0]>('start', 'cancel', 'look', 'look', 'look', 'look', 'done'),
    fc.nat(5),
    fc.nat(6),
    fc.integer({ min: 0, max: 20 }),
  ),
  { maxLength: 60 },
);

/** What every step must keep. */
function hold(before: DrainRecord, after: DrainRecord, input: DrainInput, effects: readonly DrainEffect[], atUs: number): void {
  const was = new Map(before.drains.map((drain) => [drain.id, drain]));
  for (const drain of after.drains) {
    const known = was.get(drain.id);
    const holds = drain.state !== 'cancelled' || drain.slowStart !== undefined;
    assert.equal(drain.holds, holds, 'a drain holds until it is cancelled and its weights are back, also after its end');
    assert.equal(drain.state === 'draining', drain.endedUs === null);
    if (known !== undefined) {
      assert.ok(known.state === 'draining' || drain.state === known.state || drain.state === 'cancelled', 'an end is final');
      assert.ok(!known.released || drain.released, 'nobody is honoured again');
    }
    if (drain.persistence === 'release') assert.equal(drain.released, true);
    if (known?.state === 'draining' && drain.state === 'empty') assert.equal(drain.remaining?.open, 0, 'empty means empty');
    if (known?.state === 'draining' && drain.state === 'deadline') assert.ok(atUs >= drain.deadlineUs && (drain.remaining?.open ?? 0) > 0);
    const isLooked = input.kind === 'look' && input.remaining.has(drain.id);
    if (isLooked && atUs >= drain.deadlineUs) assert.notEqual(drain.state, 'draining', 'it ends by itself');
    const isHonouring = drain.holds && drain.state !== 'cancelled';
    if (isLooked && atUs >= drain.persistenceDeadlineUs && isHonouring) assert.equal(drain.released, true);
    const asks = effects.some((effect) => effect.kind === 'end' && effect.id === drain.id);
    if (input.kind === 'look') assert.equal(asks, !drain.endDone && drain.slowStart === undefined, 'it asks until that is done');
    if (asks) assert.ok(drain.end !== 'keep' && (drain.state === 'deadline' || drain.state === 'empty'));
  }
  for (const drain of before.drains)
    if (drain.holds)
      assert.ok(
        after.drains.some(({ id }) => id === drain.id),
        'none that holds is forgotten',
      );
}

test('generated histories: states, holds, ends and wake-ups', () => {
  fc.assert(
    fc.property(acts, fc.constantFrom('keep', 'reset', 'remove'), fc.constantFrom('honour', 'release'), (history, end, persistence) => {
      let [record, atUs] = [NO_DRAINS, 0];
      const seen: string[] = [];
      for (const [kind, which, number, afterS] of history) {
        atUs += afterS * US;
        const id = `d${which + 1}`;
        const input: DrainInput =
          kind === 'start'
            ? start({ end, persistence, deadlineS: 10 * (number + 1), target: `10.0.0.${record.next % 200}` })
            : kind === 'look'
              ? look(...record.drains.map((drain, index): [string, number, number] => [drain.id, index === which ? number : 0, number % 2]))
              : kind === 'cancel' && number > 3
                ? { kind, id, slowStartS: number * 10 }
                : { kind, id };
        const stepped = step(record, input, atUs);
        hold(record, stepped.state, input, stepped.effects, atUs);
        assert.deepEqual(step(JSON.parse(JSON.stringify(record)), input, atUs), stepped, 'another process goes on alike');
        if (stepped.state.drains.some(({ state }) => state === 'draining')) assert.ok(stepped.wakeAtUs !== undefined);
        for (const effect of stepped.effects)
          if (effect.kind === 'event' && effect.event.event !== 'progress') seen.push(`${effect.event.id} ${effect.event.event}`);
        record = stepped.state;
      }
      assert.equal(new Set(seen).size, seen.length, 'each event but progress comes once');
    }),
  );
});

test('holds follow the record: an address everywhere, one server of a service, a service; none after the cancelling', () => {
  const bench = new Bench();
  const held = (port: number, last: number) => holdsOf(bench.record)(service(port), server(last, port)) !== undefined;
  const picture = () => [80, 443].flatMap((port) => [1, 2].map((last) => held(port, last)));
  bench.feed(start({ target: '10.0.0.1' }), 0);
  assert.deepEqual(picture(), [true, false, true, false]);
  bench.feed({ kind: 'cancel', id: 'd1' }, 1).feed(start({ target: '10.0.0.1:443' }), 2);
  assert.deepEqual(picture(), [false, false, true, false]);
  bench.feed({ kind: 'cancel', id: 'd2' }, 3).feed(start({ target: 'tcp:192.0.2.1:80/10.0.0.2:80' }), 4);
  assert.deepEqual(picture(), [false, true, false, false]);
  bench.feed(start({ target: 'tcp:192.0.2.1:443' }), 5);
  assert.deepEqual(picture(), [false, true, true, true]);
});

test('the persistent services of one address drain together', () => {
  const target = 'tcp:192.0.2.1:80/10.0.0.1:80';
  assert.deepEqual(new Bench().feed(start({ target }, view(true)), 0).one.also, ['tcp:192.0.2.1:443/10.0.0.1:443']);
  assert.deepEqual(new Bench().feed(start({ target }, view(false)), 0).one.also, []);
});

test('what may not begin', () => {
  const code = (asked: Partial<DrainRequest>, table = view(false), record = NO_DRAINS, instances?: readonly string[]): string => {
    try {
      checkDrain(record, request(asked), table, instances);
      return 'begins';
    } catch (error) {
      if (!isWeirError(error)) throw error;
      return error.code;
    }
  };
  const alone: DrainView = view(false).map((each) => ({ ...each, servers: each.servers.slice(0, 1) }));
  const oneHeld: DrainView = view(false).map((each) => ({
    ...each,
    servers: each.servers.map((one, index) => ({ ...one, held: index === 1 })),
  }));
  const running = new Bench().feed(start(), 0).record;
  assert.equal(code({}), 'begins');
  const director = { target: 'director' } as const;
  assert.equal(code(director, alone, NO_DRAINS, ['vA']), 'begins');
  assert.equal(code(director), 'drain-no-instances');
  assert.equal(code({ ...director, allowEmpty: true }), 'begins');
  assert.equal(code({ ...director, end: 'remove' }, alone, NO_DRAINS, ['vA']), 'drain-director-end');
  assert.equal(code({ end: 'reset' }), 'begins');
  assert.equal(code({ target: 'web' }), 'drain-target');
  assert.equal(code({ target: '10.0.0.9' }), 'drain-target-missing');
  assert.equal(code({ target: 'udp:192.0.2.1:80' }), 'drain-target-missing');
  assert.equal(code({}, alone), 'drain-leaves-no-server');
  assert.equal(code({}, oneHeld), 'drain-leaves-no-server');
  assert.equal(code({ allowEmpty: true }, alone), 'begins');
  assert.equal(code({ target: 'tcp:192.0.2.1:80' }, alone), 'begins');
  assert.equal(code({ minCapacity: 0.5 }), 'begins');
  assert.equal(code({ minCapacity: 0.51 }), 'drain-leaves-too-little');
  assert.equal(code({}, view(false), running), 'drain-runs');
  assert.equal(code({}, view(false), step(running, { kind: 'cancel', id: 'd1' }, US).state), 'begins');
});
