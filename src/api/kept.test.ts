import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { onePiece } from '../model/pieces.js';
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

/** It is made with a pause after it, and `before` pauses before, and is due: what there is is the first. */
function due(before: number) {
  const { host, all } = counting();
  const [make, ...rest] = all;
  const value = keptAhead(
    function* () {
      for (let pause = 0; pause < before; pause++) yield;
      const made = make();
      yield;
      return made;
    },
    ...rest,
  );
  assert.equal(value(), 1);
  host.at = 450;
  assert.equal(value(), 1);
  return { host, value };
}

test('others have their turns between the pieces of what is made ahead, and who asks meanwhile gets what there is', async () => {
  const { host, value } = due(1);
  const seen: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    await setImmediate();
    seen.push(host.made, value());
  }
  assert.deepEqual(seen, [1, 1, 2, 1, 2, 2]);
});

test('what is made ahead is left where a change comes between its pieces, and replaces nothing newer', async () => {
  const { host, value } = due(0);
  await setImmediate();
  host.isUnsettled = true;
  await setImmediate();
  host.isUnsettled = false;
  assert.deepEqual([value(), host.made], [1, 2]);
  await setImmediate();
  assert.equal(host.made, 3);
  host.at = 900;
  assert.deepEqual([value(), host.made], [4, 4]);
  await setImmediate();
  assert.equal(value(), 4);
});

test('who asks often is not the one who waits; a failure behind an answer leaves what there is', async () => {
  const { host, all } = counting();
  const [make, ...rest] = all;
  const value = keptAhead(() => onePiece(make), ...rest);
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

test('what fails before its first piece, behind an answer, leaves what there is, and is tried again', async () => {
  const { host, all } = counting();
  const [make, ...rest] = all;
  const value = keptAhead(
    () => {
      const made = make();
      return onePiece(() => made);
    },
    ...rest,
  );
  assert.equal(value(), 1);
  host.at = 450;
  host.fails = true;
  assert.equal(value(), 1);
  await setImmediate();
  host.fails = false;
  assert.equal(value(), 1);
  await setImmediate();
  assert.equal(value(), 2);
});
