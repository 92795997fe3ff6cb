// The greatest common divisor of weights.

/** The greatest common divisor of two whole numbers from 0 on; of 0 and a number that number. */
export const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
