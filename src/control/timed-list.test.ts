import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { dueBy, itemIn, itemsFrom, itemsOf, nextDueIn, timedList, withItems } from './timed-list.js';

interface Item {
  readonly name: string;
  readonly dueAtUs: number | undefined;
}

const arbitraryDue = fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined });
const arbitraryItem: fc.Arbitrary<Item> = fc.record({ name: fc.string({ maxLength: 2 }), dueAtUs: arbitraryDue });

test('a list is what an array is, through any changes, and the list before a change stays as it was', () => {
  const changes = fc.array(fc.record({ at: fc.nat(), item: arbitraryItem }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(arbitraryItem, { maxLength: 1100, size: 'max' }), changes, (given, list) => {
      let items = given;
      let made = timedList(items);
      for (const { at, item } of items.length === 0 ? [] : list) {
        const index = at % items.length;
        const [before, copy] = [made, items];
        items = items.with(index, item);
        made = withItems(made, [[index, item]]);
        assert.deepEqual(itemsOf(before), copy);
        assert.equal(itemIn(made, index), item);
      }
      assert.deepEqual(itemsOf(made), items);
      assert.deepEqual(itemsFrom(made, Math.floor(items.length / 2), Math.floor(items.length / 3)), [
        ...items.slice(Math.floor(items.length / 2), Math.floor(items.length / 2) + Math.floor(items.length / 3)),
      ]);
      const times = items.flatMap(({ dueAtUs }) => dueAtUs ?? []).sort((a, b) => a - b);
      assert.equal(nextDueIn(made), times[0]);
      for (const atUs of [0, 10, 50]) {
        const due = [...items.keys()].filter((index) => (items[index]?.dueAtUs ?? 100) <= atUs);
        assert.deepEqual(dueBy(made, atUs, items.length), due);
      }
    }),
    { numRuns: 60 },
  );
});

test('many replacements together are what they are one after the other, and leave shared what none of them touches', () => {
  const arbitraryReplacements = fc.array(fc.tuple(fc.nat({ max: 4999 }), arbitraryItem), { maxLength: 60 });
  const list = timedList(Array.from({ length: 5000 }, (_, index): Item => ({ name: '', dueAtUs: index % 50 })));
  fc.assert(
    fc.property(arbitraryReplacements, (given) => {
      const replacements = [...new Map(given)].sort(([a], [b]) => a - b);
      let one = list;
      for (const replacement of replacements) one = withItems(one, [replacement]);
      const all = withItems(list, replacements);
      assert.deepEqual(all, one);
      for (const [at, part] of all.parts.entries()) {
        const touched = replacements.some(([index]) => Math.floor(index / all.span) === at);
        assert.equal(part === list.parts[at], !touched);
      }
    }),
    { numRuns: 60 },
  );
  assert.equal(withItems(list, []), list);
});

test('a list of four levels', () => {
  const items = Array.from({ length: 5000 }, (_, index) => ({ dueAtUs: (index * 7919) % 5003 }));
  const list = withItems(timedList(items), [[4321, { dueAtUs: 0 }]]);
  assert.deepEqual(
    dueBy(list, 100, 5000),
    [...items.keys()].filter((index) => index === 4321 || (items[index]?.dueAtUs ?? 0) <= 100),
  );
  assert.equal(itemsOf(list).length, 5000);
  const first = items.map(({ dueAtUs }, index) => ({ dueAtUs, index })).sort((a, b) => a.dueAtUs - b.dueAtUs);
  assert.deepEqual(
    dueBy(timedList(items), 4000, 10),
    first
      .slice(0, 10)
      .map(({ index }) => index)
      .sort((a, b) => a - b),
    'of too many those that were due first',
  );
  assert.deepEqual(dueBy(timedList([{ dueAtUs: 1 }, { dueAtUs: 1 }, { dueAtUs: 1 }]), 1, 2), [0, 1]);
});

test('an index that is not in the list is an error', () => {
  const list = timedList(Array.from({ length: 100 }, () => ({ dueAtUs: 1 })));
  assert.throws(() => itemIn(list, 100), /no item/);
  assert.throws(() => itemIn(list, 1000), /no item/);
  for (const index of [-1, 100, 1000, Number.NaN]) assert.throws(() => withItems(list, [[index, { dueAtUs: 1 }]]), /no item/);
  assert.deepEqual([nextDueIn(timedList([])), dueBy(timedList([]), 1, 1)], [undefined, []]);
});
