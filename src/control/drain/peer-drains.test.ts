// Drains of peers: two and three directors, by what they send each other, are of one mind about what operators did, and each ends them by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import { type Drain, type DrainRecord, type DrainRemaining, holdsOf, NO_DRAINS, readDrainRecord } from '../../model/drain/drain.js';
import { CANCELLED_MAX, PEER_DRAINS_MAX, peerDrainsOf } from '../../model/drain/peer-drain.js';
import type { ServiceKey } from '../../model/service.js';
import { DRAIN_DEFAULTS, type DrainEffect, type DrainInput, type DrainRequest, type DrainView } from './messages.js';
import { step } from './step.js';

const US = 1_000_000;
const service: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 };
const server = (last: number) => ({ address: ip(`10.0.0.${last}`), port: 80 });
const VIEW: DrainView = [
  { key: service, persistent: false, servers: [1, 2].map((last) => ({ key: server(last), configured: 10, held: false })) },
];

/** A director with a clock of its own, seconds after that of the others. */
class Director {
  record: DrainRecord = NO_DRAINS;
  effects: readonly DrainEffect[] = [];

  constructor(readonly aheadS: number) {}

  #us(atS: number): number {
    return (atS + this.aheadS) * US;
  }

  feed(input: DrainInput, atS: number): this {
    const { state, effects } = step(this.record, input, this.#us(atS));
    assert.deepEqual(readDrainRecord(JSON.stringify(state)), state);
    [this.record, this.effects] = [state, effects];
    return this;
  }

  start(uid: string, atS: number, asked: Partial<DrainRequest> = {}): this {
    const request = { ...DRAIN_DEFAULTS, target: '10.0.0.1', deadlineS: 60, ...asked };
    return this.feed({ kind: 'start', request, view: VIEW, startedAt: '2026-11-27T00:00:00.000Z', uid }, atS);
  }

  /** What this one has goes to the other. */
  send(to: Director, atS: number): this {
    to.feed({ kind: 'peers', drains: peerDrainsOf(this.record, this.#us(atS)), view: VIEW }, atS);
    return this;
  }

  look(open: number, atS: number, lacks = false): this {
    const left: DrainRemaining = { open, over: 0, byState: {}, persistent: 0, idleMaxS: open === 0 ? null : 1 };
    return this.feed({ kind: 'look', remaining: new Map(this.record.drains.map(({ id }) => [id, left])), lacks }, atS);
  }

  get one(): Drain {
    const [first] = this.record.drains;
    assert.ok(first);
    return first;
  }

  /** In seconds of the clock that all have. */
  get deadlineS(): number {
    return this.one.deadlineUs / US - this.aheadS;
  }

  get isHeld(): boolean {
    return holdsOf(this.record)(service, server(1)) !== undefined;
  }
}

const pair = (): readonly [Director, Director] => [new Director(0), new Director(5000)];

test('a drain of a director is held at its peer, and goes on to its deadline there when the first one is gone', () => {
  const [first, second] = pair();
  first.start('1'.repeat(16), 0, { end: 'remove' }).look(5, 1).send(second, 1);
  assert.deepEqual([second.isHeld, second.one.state, second.one.shared?.adopted], [true, 'draining', true]);
  second.look(5, 59);
  assert.equal(second.one.state, 'draining');
  second.look(5, 60);
  assert.deepEqual(
    [second.one.state, second.isHeld, second.effects.filter(({ kind }) => kind === 'end')],
    ['deadline', true, [{ kind: 'end', id: 'd1', action: 'remove' }]],
  );
});

test('where the connections are not here yet it is not empty; where they are it is, whatever the peer does', () => {
  const [first, second] = pair();
  first.start('1'.repeat(16), 0).send(second, 0);
  for (let at = 1; at <= 20; at++) second.look(0, at, true);
  assert.equal(second.one.state, 'draining');
  for (let at = 21; at <= 24; at++) second.look(0, at);
  assert.equal(second.one.state, 'empty');
  assert.equal(second.send(first, 25).one.state, 'empty');
  assert.equal(first.one.state, 'draining', 'the first one counts its own connections');
});

test('cancelled at either director, or with another deadline there, it is so at both; also by slow start', () => {
  const [first, second] = pair();
  first.start('1'.repeat(16), 0).send(second, 0);
  second.feed({ kind: 'deadline', id: 'd1', deadlineS: 600 }, 10).send(first, 10);
  first.look(5, 100);
  assert.equal(first.one.state, 'draining');
  first.feed({ kind: 'cancel', id: 'd1', slowStartS: 100 }, 110).send(second, 111);
  assert.deepEqual([second.one.state, second.isHeld], ['cancelled', true]);
  second.feed({ kind: 'cancel', id: 'd1' }, 120).send(first, 120);
  assert.deepEqual([first.isHeld, second.isHeld], [false, false]);
  first.send(second, 121);
  second.send(first, 121);
  assert.deepEqual([first.isHeld, second.isHeld, first.record.drains.length], [false, false, 1]);
});

test('deadlines that were set on both sides of a cut: the earlier one counts at both, and what takes time on the way moves nothing', () => {
  const [first, second] = pair();
  first.start('1'.repeat(16), 0).send(second, 0);
  first.feed({ kind: 'deadline', id: 'd1', deadlineS: 600 }, 10);
  second.feed({ kind: 'deadline', id: 'd1', deadlineS: 100 }, 12);
  const [late, early] = [peerDrainsOf(first.record, 20 * US), peerDrainsOf(second.record, 5020 * US)];
  first.feed({ kind: 'peers', drains: early, view: VIEW }, 20);
  second.feed({ kind: 'peers', drains: late, view: VIEW }, 20);
  assert.deepEqual([first.deadlineS, second.deadlineS], [112, 112]);
  second.feed({ kind: 'peers', drains: peerDrainsOf(first.record, 21 * US), view: VIEW }, 30);
  assert.equal(second.deadlineS, 112);
});

test('two that were begun of one target before either had travelled are one drain at both: cancelled at one, it holds at neither', () => {
  for (const uids of [['1', '2'] as const, ['2', '1'] as const]) {
    const [first, second] = pair();
    first.start(uids[0].repeat(16), 0, { end: 'remove' }).look(5, 1);
    second.start(uids[1].repeat(16), 2, { deadlineS: 600 }).look(5, 3);
    const sent = peerDrainsOf(second.record, 5004 * US);
    first.send(second, 4).feed({ kind: 'peers', drains: sent, view: VIEW }, 4);
    const end = uids[0] === '1' ? 'remove' : 'keep';
    for (const { one, record, deadlineS } of [first, second])
      assert.deepEqual(
        [one.id, one.shared?.uid, one.end, deadlineS, record.drains.filter(({ holds }) => holds).length],
        ['d1', '1'.repeat(16), end, 60, 1],
      );
    second.send(first, 5);
    first.send(second, 5).feed({ kind: 'cancel', id: 'd1' }, 6).send(second, 7).send(new Director(3), 7);
    second.send(first, 8);
    assert.deepEqual([first.isHeld, second.isHeld], [false, false]);
  }
});

test('a third director that knew the larger of two alone has it cancelled with the smaller one', () => {
  const [first, second] = pair();
  const third = new Director(9);
  first.start('1'.repeat(16), 0);
  second.start('2'.repeat(16), 0).send(third, 1);
  first.send(second, 2);
  second.feed({ kind: 'cancel', id: 'd1' }, 3).send(third, 4);
  third.send(second, 5);
  assert.deepEqual([second.isHeld, third.isHeld], [false, false]);
});

test('a director that has lost its record has it again from its peer; a drain that is over there begins nothing', () => {
  const [first, second] = pair();
  first.start('1'.repeat(16), 0, { end: 'remove' }).start('2'.repeat(16), 0, { target: '10.0.0.2' }).send(second, 0);
  second.feed({ kind: 'cancel', id: 'd2' }, 1).look(0, 90);
  assert.equal(second.one.state, 'empty');
  const again = new Director(7);
  second.send(again, 100);
  assert.deepEqual(
    [again.record.drains.map(({ target }) => target), again.isHeld, again.effects.filter(({ kind }) => kind === 'end')],
    [['10.0.0.1'], true, []],
    'what was done at its end is not done once more',
  );
});

test('a cancelling is remembered over any number of later drains, and by a third director: a peer that was away does not bring the drain back', () => {
  const [first, second] = pair();
  const third = new Director(30);
  first.start('1'.repeat(16), 0).send(second, 0);
  first.feed({ kind: 'cancel', id: 'd1' }, 1);
  for (let n = 2; n <= 60; n++)
    first.start(n.toString(16).padStart(16, '0'), n, { target: '10.0.0.2' }).feed({ kind: 'cancel', id: `d${n}` }, n);
  assert.ok(!first.record.drains.some(({ id }) => id === 'd1'), 'the list has it no more');
  first.send(third, 61);
  second.send(first, 62).send(third, 62);
  assert.deepEqual([first.isHeld, third.isHeld, third.record.drains], [false, false, []]);
  third.send(second, 63);
  assert.deepEqual([second.isHeld, second.one.state], [false, 'cancelled']);
});

test('the memory is bounded by number and by time, at a peer as well, and what is sent is no more than a peer takes together', () => {
  const [first, second] = pair();
  const many = 3 * CANCELLED_MAX;
  for (let n = 1; n <= many; n++) first.start(n.toString(16).padStart(16, '0'), 0).feed({ kind: 'cancel', id: `d${n}` }, 0);
  assert.equal(first.record.cancelled?.length, CANCELLED_MAX);
  assert.ok(peerDrainsOf(first.record, 0).length <= CANCELLED_MAX + PEER_DRAINS_MAX);
  const day = 24 * 3600;
  first.send(second, 30 * day);
  assert.equal(second.record.cancelled?.length, CANCELLED_MAX);
  second.look(0, 32 * day);
  assert.equal(second.record.cancelled, undefined, 'both forget at the same time');
});

test('a drain of a peer is held where it leaves a service without a server here, and this is stated until there is another one', () => {
  const [first, second] = pair();
  first.start('1'.repeat(16), 0);
  const [alone] = [[{ key: service, persistent: false, servers: [{ key: server(1), configured: 10, held: false }] }]];
  second.feed({ kind: 'peers', drains: peerDrainsOf(first.record, 0), view: alone }, 0);
  const stated = (): readonly string[] => second.effects.flatMap((one) => (one.kind === 'event' ? [one.event.event] : []));
  assert.deepEqual([second.isHeld, second.one.emptied, stated()], [true, ['tcp:192.0.2.1:80'], ['started', 'empties']]);
  second.feed({ kind: 'look', remaining: new Map(), view: alone }, 1);
  assert.deepEqual(stated(), []);
  second.feed({ kind: 'look', remaining: new Map(), view: VIEW }, 2);
  assert.equal(second.one.emptied, undefined);
  assert.equal(first.one.emptied, undefined, 'where it was begun an operator has been asked');
});

test('a drain of the director stays there, and so does one of a build that knew nothing of peers', () => {
  const [first, second] = pair();
  first.start('1'.repeat(16), 0, { target: 'director' }).send(second, 0);
  const request = { ...DRAIN_DEFAULTS, target: '10.0.0.1' };
  first.feed({ kind: 'start', request, view: VIEW, startedAt: '2026-11-27T00:00:00Z' }, 1).send(second, 1);
  assert.deepEqual(second.record, NO_DRAINS);
});

test('a peer with any number of drains: so many are taken', () => {
  const [first, second] = pair();
  first.start('1'.repeat(16), 0);
  const [sample] = peerDrainsOf(first.record, 0);
  assert.ok(sample);
  const drains = Array.from({ length: 3 * PEER_DRAINS_MAX }, (_, number) => ({
    ...sample,
    uid: number.toString(16).padStart(16, '0'),
    target: `10.1.${number >> 8}.${number & 255}`,
  }));
  second.feed({ kind: 'peers', drains, view: VIEW }, 0);
  assert.equal(second.record.drains.length, PEER_DRAINS_MAX);
  const before = second.record;
  second.feed({ kind: 'peers', drains, view: VIEW }, 1);
  assert.equal(second.record, before, 'the same once more changes nothing');
});

type Act = readonly [kind: 'start' | 'cancel' | 'deadline' | 'send', who: number, which: number, afterS: number];
const acts = fc.array(fc.tuple(fc.constantFrom<Act[0]>('start', 'cancel', 'deadline', 'send', 'send'), fc.nat(2), fc.nat(3), fc.nat(9)), {
  maxLength: 40,
});

test('whatever operators do at three directors, cut off from each other for a while: when all have sent all, they hold the same', () => {
  fc.assert(
    fc.property(acts, (history) => {
      const all = [0, 100, 900].map((aheadS) => new Director(aheadS));
      let [atS, uid] = [0, 0];
      for (const [kind, who, which, afterS] of history) {
        atS += afterS;
        const director = all[who] ?? assert.fail();
        const id = `d${which + 1}`;
        const target = `10.0.0.${(which % 2) + 1}`;
        if (kind === 'start' && director.record.drains.some((one) => one.holds && one.target === target)) continue;
        if (kind === 'start') director.start((++uid).toString(16).padStart(16, '0'), atS, { target });
        else if (kind === 'send') director.send(all[which % all.length] ?? assert.fail(), atS);
        else director.feed(kind === 'cancel' ? { kind, id } : { kind, id, deadlineS: 10 * (which + 1) }, atS);
      }
      const isCancelled = new Set(
        all.flatMap(({ record }) => record.drains.flatMap((one) => (one.state === 'cancelled' ? [one.shared?.uid] : []))),
      );
      for (let round = 0; round < 2; round++) for (const from of all) for (const to of all) if (from !== to) from.send(to, atS);
      const heldBy = ({ record }: Director): readonly string[] =>
        record.drains.flatMap(({ holds, shared, target }) => (holds ? [`${shared?.uid} ${shared?.version} ${target}`] : [])).toSorted();
      const [first, ...others] = all.map(heldBy);
      const targets = (first ?? []).map((held) => held.split(' ')[2]);
      assert.equal(new Set(targets).size, targets.length, 'one drain of a target');
      for (const other of others) assert.deepEqual(other, first);
      const deadlines = all.flatMap(({ record, aheadS }) =>
        record.drains.flatMap(({ holds, shared, deadlineUs }) =>
          holds ? [[shared?.uid, Math.max(atS, deadlineUs / US - aheadS)] as const] : [],
        ),
      );
      for (const [uid, at] of deadlines)
        for (const [same, other] of deadlines) assert.ok(uid !== same || Math.abs(at - other) <= 1, 'one deadline, to a second');
      for (const held of first ?? []) assert.ok(!isCancelled.has(held.split(' ')[0]), 'a cancelling is for good');
    }),
  );
});
