// Connections in the layout of the build before (bpf/director/layout-before.h), while they move out of a table that is taken over.
import { Abi } from '../abi.gen.js';
import { Before } from '../layouts.gen.js';

const HALF = 32n;
const bits = (word: bigint, shift: number, count: number): bigint => (word >> BigInt(shift)) & ((1n << BigInt(count)) - 1n);

/** What moves from a place in the layout before to its place now: shift, shift, bits. */
type Part = readonly [from: number, to: number, count: number];
const KEY: readonly Part[] = [
  [0, 0, 32],
  [Before.K_PORT_SHIFT, Abi.K_PORT_SHIFT, 16],
  [Before.K_SERVICE_SHIFT, Abi.K_SERVICE_SHIFT, 16],
];
const shiftOf = (flag: bigint): number => flag.toString(2).length - 1;
const VALUE: readonly Part[] = [
  [0, 0, 32],
  [Before.V_DEST_SHIFT, Abi.V_DEST_SHIFT, 18],
  [Before.V_METHOD_SHIFT, Abi.V_METHOD_SHIFT, 2],
  [Before.V_STATE_SHIFT, Abi.V_STATE_SHIFT, 4],
  [Before.V_AWAY_SHIFT, Abi.V_AWAY_SHIFT, 4],
  [shiftOf(Before.V_INACTIVE), shiftOf(Abi.V_INACTIVE), 1],
  [shiftOf(Before.V_NOOUTPUT), shiftOf(Abi.V_NOOUTPUT), 1],
  [shiftOf(Before.V_SPILLED), shiftOf(Abi.V_SPILLED), 1],
  [shiftOf(Before.V_PROVEN), shiftOf(Abi.V_PROVEN), 1],
];

const moved = (word: bigint, parts: readonly Part[]): bigint =>
  parts.reduce((sum, [from, to, count]) => sum | (bits(word, from, count) << BigInt(to)), 0n);

/** Of the upper half of a value. */
export const destBefore = (valueHigh: number): number => (valueHigh >>> (Before.V_DEST_SHIFT - 32)) & Abi.V_DEST_MASK;

type Words = readonly [keyLow: number, keyHigh: number, valueLow: number, valueHigh: number];

/** The same connection in today's words. */
export function slotFromBefore([keyLow, keyHigh, valueLow, valueHigh]: Words): Words {
  const key = moved((BigInt(keyHigh) << HALF) | BigInt(keyLow), KEY);
  const value = moved((BigInt(valueHigh) << HALF) | BigInt(valueLow), VALUE);
  return [Number(bits(key, 0, 32)), Number(key >> HALF), Number(bits(value, 0, 32)), Number(value >> HALF)];
}
