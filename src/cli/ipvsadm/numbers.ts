// Counters as ipvsadm prints them: nine characters wide, with a letter when they grow, or every digit on request.

const scales: readonly (readonly [below: bigint, divisor: bigint, letter: string])[] = [
  [1_000_000_000n, 1_000n, 'K'],
  [100_000_000_000n, 1_000_000n, 'M'],
  [100_000_000_000_000n, 1_000_000_000n, 'G'],
];
const PLAIN_BELOW = 100_000_000n;

/** `exact`: all digits, after one blank when there are more than eight. */
export function largeNumber(value: bigint, exact: boolean): string {
  const digits = String(value);
  if (exact) return digits.length <= 8 ? digits.padStart(9) : ` ${digits}`;
  if (value < PLAIN_BELOW) return digits.padStart(9);
  const [, divisor, letter] = scales.find(([below]) => value < below) ?? [0n, 1_000_000_000_000n, 'T'];
  return String(value / divisor).padStart(8) + letter;
}
