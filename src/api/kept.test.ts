import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { kept, keptAhead } from './kept.js';

/** What is made counts up; `at`: ms. */
function counting() {
  const host = { at: 0, made: 0, isUnsettled: false, fails: false };
  const make = (): number => {
    if (host.fails) throw new Error('not now');
    host.made += 1;
    return host.made;
  };
  return { host, all: [make, () => host.isUnsettled, () => host.at] as const };
}

test('it is made again when it is too old, beside a change of the table later', () => {
  const { host, all } = counting();
  const value = kept(...all);
  const asked = [0, 899, 900, 1000].map((at) => {
    host.at = at;
    return value();
  });
  assert.deepEqual(asked, [1, 1, 2, 2]);
  host.isUnsettled = true;
  assert.deepEqual(
    [2899, 2900].map((at) => {
      host.at = at;
      return value();
    }),
    [2, 3],
  );
});

test('who asks often is not the one who waits; a failure behind an answer leaves what there is', async () => {
  const { host, all } = counting();
  const value = keptAhead(...all);
  const askedAt = async (at: number): Promise<number> => {
    host.at = at;
    const found = value();
    await setImmediate();
    return found;
  };
  assert.deepEqual([await askedAt(0), await askedAt(449), host.made], [1, 1, 1]);
  assert.deepEqual([await askedAt(450), host.made, await askedAt(500), host.made], [1, 2, 2, 2]);
  host.isUnsettled = true;
  assert.deepEqual([await askedAt(950), host.made], [2, 2]);
  host.isUnsettled = false;
  host.fails = true;
  assert.equal(await askedAt(1000), 2);
  await assert.rejects(() => askedAt(1400), /not now/);
});
