import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptyNumberMap, type NumberMap, valueIn, withEntry, withoutEntry } from './number-map.js';

/** Close ones, and some that are alike up to a high digit. */
const arbitraryKey = fc.oneof(
  fc.nat({ max: 40 }),
  fc.nat({ max: 40 }).map((n) => n * 4096),
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
);

test('a map is what a Map is, through any changes, and the map before a change stays as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key: arbitraryKey, added: fc.boolean() }), { maxLength: 80 }), (changes) => {
      const known = new Map<number, number>();
      let map: NumberMap<number> = emptyNumberMap();
      for (const [turn, { key, added }] of changes.entries()) {
        const copy = structuredClone(map);
        const before = map;
        map = added ? withEntry(map, key, turn) : withoutEntry(map, key);
        if (added) known.set(key, turn);
        else known.delete(key);
        assert.deepEqual(before, copy);
      }
      for (const { key } of changes) assert.equal(valueIn(map, key), known.get(key));
      for (const key of known.keys()) map = withoutEntry(map, key);
      assert.deepEqual(map, emptyNumberMap(), 'nothing of what was taken back is left');
    }),
    { numRuns: 300 },
  );
});
