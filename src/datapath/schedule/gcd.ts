// The greatest common divisor of weights.

/** Of two whole numbers from 0 on; 0 and a number have that number. */
export const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
