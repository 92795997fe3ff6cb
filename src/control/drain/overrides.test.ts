// Overrides of several directors: what operators state or take away at any of them holds at all, whoever was away meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { type DrainRecord, NO_DRAINS, readDrainRecord } from '../../model/drain/drain.js';
import type { Override } from '../../model/drain/override.js';
import { PEER_OVERRIDES_MAX, peerOverridesOf, REMOVED_MAX } from '../../model/drain/peer-override.js';
import { step } from './step.js';

const US = 1_000_000;
const DAY_S = 24 * 3600;

class Director {
  record: DrainRecord = NO_DRAINS;

  constructor(readonly aheadS: number) {}

  #us(atS: number): number {
    return (atS + this.aheadS) * US;
  }

  #feed(input: Parameters<typeof step>[1], atS: number): this {
    this.record = step(this.record, input, this.#us(atS)).state;
    assert.deepEqual(readDrainRecord(JSON.stringify(this.record)), this.record);
    return this;
  }

  state(target: string, atS: number, { forS = 0, reason = 'disks' } = {}): this {
    const untilUs = forS === 0 ? null : this.#us(atS + forS);
    const stated = { state: 'maintenance', weight: null, owner: 'ops', since: '2026-11-27T00:00:00.000Z' } as const;
    const override: Override = { target, ...stated, reason, untilUs };
    return this.#feed({ kind: 'override', override }, atS);
  }

  take(target: string, atS: number): this {
    return this.#feed({ kind: 'no-override', target }, atS);
  }

  look(atS: number): this {
    return this.#feed({ kind: 'look', remaining: new Map() }, atS);
  }

  send(to: Director, atS: number): this {
    to.#feed({ kind: 'peers', drains: [], overrides: peerOverridesOf(this.record, this.#us(atS)), view: [] }, atS);
    return this;
  }

  get texts(): readonly string[] {
    return (this.record.overrides ?? []).map(({ target, reason }) => `${target} ${reason}`).toSorted();
  }
}

const pair = (): readonly [Director, Director] => [new Director(0), new Director(7000)];

test('stated at one director it holds at the other, with its time; taken away at either, at both', () => {
  const [first, second] = pair();
  first.state('10.0.0.1', 0).state('10.0.0.2', 0, { forS: 60 }).send(second, 1);
  assert.deepEqual(second.texts, ['10.0.0.1 disks', '10.0.0.2 disks']);
  assert.equal(second.record.overrides?.[1]?.untilUs, 7060 * US);
  second.take('10.0.0.1', 10).send(first, 11);
  assert.deepEqual(first.texts, ['10.0.0.2 disks']);
  second.look(61).send(first, 61);
  first.send(second, 61);
  assert.deepEqual([first.texts, second.texts], [[], []], 'one that is slower does not bring it back');
  first.state('10.0.0.1', 70).send(second, 71);
  assert.deepEqual(second.texts, ['10.0.0.1 disks'], 'stated once more it holds');
});

test('a peer that was away does not bring back what was taken away, for 31 days', () => {
  const [first, second] = pair();
  const third = new Director(5);
  first.state('10.0.0.1', 0).send(second, 1);
  first.take('10.0.0.1', 2).send(third, 3);
  second.send(first, 20 * DAY_S).send(third, 20 * DAY_S);
  assert.deepEqual([first.texts, third.texts], [[], []]);
  third.send(second, 20 * DAY_S);
  assert.deepEqual(second.texts, []);
  for (const each of [first, second, third]) assert.equal(each.look(32 * DAY_S).record.removedOverrides, undefined);
});

test('what a director takes of peers is bounded, and what it remembers', () => {
  const [first, second] = pair();
  for (let n = 0; n < 600; n++) first.state(`10.1.${n >> 8}.${n & 255}`, 0);
  first.send(second, 1);
  assert.equal(second.record.overrides?.length, PEER_OVERRIDES_MAX);
  for (let n = 0; n < 600; n++) first.take(`10.1.${n >> 8}.${n & 255}`, 2);
  assert.equal(first.record.removedOverrides?.length, REMOVED_MAX);
  first.send(second, 3);
  const before = second.record;
  first.send(second, 3);
  assert.equal(second.record, before, 'the same once more changes nothing');
});

const acts = fc.array(fc.tuple(fc.constantFrom('state', 'take', 'send', 'send'), fc.nat(2), fc.nat(2), fc.nat(9)), { maxLength: 40 });

test('whatever operators do at three directors, cut off from each other for a while: when all have sent all, they hold the same', () => {
  fc.assert(
    fc.property(acts, (history) => {
      const all = [0, 100, 900].map((aheadS) => new Director(aheadS));
      let atS = 0;
      for (const [kind, who, which, afterS] of history) {
        atS += afterS;
        const director = all[who] ?? assert.fail();
        const target = `10.0.0.${which}`;
        if (kind === 'state') director.state(target, atS, { reason: `at ${atS} by ${who}` });
        else if (kind === 'take') director.take(target, atS);
        else director.send(all[which] ?? assert.fail(), atS);
      }
      for (let round = 0; round < 2; round++) for (const from of all) for (const to of all) if (from !== to) from.send(to, atS);
      const [first, ...others] = all.map(({ texts }) => texts);
      for (const other of others) assert.deepEqual(other, first);
    }),
  );
});
