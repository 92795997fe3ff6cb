// The part of a call's key that its Call-ID gives: a sender who does not know the keys cannot choose many calls with the same one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callPort } from './call-port.js';
import type { HashKeys } from './endpoint-table.js';

const CALLS = 2048;
/** Of 2,048 values in 65,536 places, some 32 pairs meet by chance. */
const MET_MAX = 100;

const numbers = (seed: bigint): HashKeys => {
  let state = seed;
  const next = (): bigint => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return state ^ (state >> 29n);
  };
  return [next(), next(), next()];
};

/** Two neighbouring words of eight characters differ in a bit each; a second difference takes the first one back where a hash is weak. */
function flipped(pairs: number, at: readonly [first: number, second: number]): string {
  const bytes = Buffer.alloc(248, 'q');
  for (let pair = 0; pair < 15; pair++) {
    if ((pairs >> pair) % 2 === 0) continue;
    for (const [word, place] of [
      [2 * pair, at[0]],
      [2 * pair + 1, at[1]],
      [2 * pair + 1, at[1] - 4],
    ] as const)
      bytes[8 * word + place] = '1'.charCodeAt(0);
  }
  return bytes.toString('latin1');
}

for (const at of [
  [7, 7],
  [3, 7],
  [7, 4],
] as const) {
  test(`calls that differ in pairs of characters at ${at.join(' and ')} of neighbouring words have different values`, () => {
    for (const seed of [1n, 2n, 3n, 0xfeedn]) {
      const keys = numbers(seed);
      const values = new Set(Array.from({ length: CALLS }, (_, pairs) => callPort(flipped(pairs * 16, at), keys)));
      assert.ok(CALLS - values.size < MET_MAX, `${CALLS - values.size} of ${CALLS} calls have the value of another`);
    }
  });
}
