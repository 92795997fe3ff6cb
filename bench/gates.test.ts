import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../test/support/properties.js';
import { boundOf, boundText, middleReferences, shareOf } from './gates.js';

test('a bound is the sum of its references, each by its factor', () => {
  assert.equal(boundOf({ textbook: 0.5 }, { textbook: 200, touch: 7 }), 100);
  assert.equal(boundOf({ textbook: 0.25, touch: 2, redirect: 1 }, { textbook: 200, touch: 7, redirect: 9 }), 73);
});

test('a bound is no number where a reference is missing or nothing was seen of it', () => {
  assert.ok(Number.isNaN(boundOf({ textbook: 1, touch: 1 }, { textbook: 200 })));
  assert.ok(Number.isNaN(boundOf({ touch: 1 }, { touch: 0 })));
  assert.ok(Number.isNaN(boundOf({ touch: 1 }, { touch: -1 })));
  assert.ok(Number.isNaN(boundOf({}, { textbook: 200 })));
});

test('the share is taken turn by turn, so that a turn that is slow as a whole changes nothing', () => {
  const turns = [
    { nanoseconds: 20, references: { textbook: 200 } },
    { nanoseconds: 60, references: { textbook: 600 } },
    { nanoseconds: 22, references: { textbook: 220 } },
  ];
  assert.equal(shareOf({ textbook: 1 }, turns).toFixed(6), '0.100000');
});

test('one turn without a reference leaves no share: the gate is missed, not passed by the others', () => {
  const turns = [
    { nanoseconds: 20, references: { textbook: 200 } },
    { nanoseconds: 20, references: { textbook: Number.NaN } },
    { nanoseconds: 20, references: { textbook: 200 } },
  ];
  assert.ok(Number.isNaN(shareOf({ textbook: 1 }, turns)));
  assert.ok(Number.isNaN(shareOf({ textbook: 1 }, [])));
});

test('a machine that is slower by one factor has the same share', () => {
  const positive = fc.integer({ min: 1, max: 10_000 });
  fc.assert(
    fc.property(positive, positive, positive, fc.integer({ min: 1, max: 50 }), (nanoseconds, textbook, touch, factor) => {
      const bound = { textbook: 0.2, touch: 1.5 };
      const here = shareOf(bound, [{ nanoseconds, references: { textbook, touch } }]);
      const there = shareOf(bound, [
        { nanoseconds: nanoseconds * factor, references: { textbook: textbook * factor, touch: touch * factor } },
      ]);
      assert.ok(Math.abs(here - there) <= here * 1e-9);
    }),
  );
});

test('references are reported by their medians, those not measured left out', () => {
  const turns = [3, 1, 2].map((touch) => ({ nanoseconds: 1, references: { touch } }));
  assert.deepEqual(middleReferences(turns), { touch: 2 });
});

test('a bound reads as a sum', () => {
  assert.equal(boundText({ redirect: 1, textbook: 0.25 }), '0.25 textbook + 1 redirect');
});
