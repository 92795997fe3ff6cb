// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF") of one 32-bit number, cut to 32 bits: the kernel's hsiphash()
// on 64-bit machines.
const MASK = 0xffffffffffffffffn;
const [START_0, START_1, START_2, START_3] = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n];
const BYTES = 4n;
const FINAL_TURNS = 3;

const turned = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & MASK;

type Words = readonly [bigint, bigint, bigint, bigint];

function turn([a, b, c, d]: Words): Words {
  const a1 = (a + b) & MASK;
  const b1 = turned(b, 13n) ^ a1;
  const c1 = (c + d) & MASK;
  const d1 = turned(d, 16n) ^ c1;
  const a2 = (turned(a1, 32n) + d1) & MASK;
  const d2 = turned(d1, 21n) ^ a2;
  const c2 = (c1 + b1) & MASK;
  const b2 = turned(b1, 17n) ^ c2;
  return [a2, b2, turned(c2, 32n), d2];
}

/** `key`: both of its words. */
export function sipHash(value: number, key: bigint): number {
  const message = (BYTES << 56n) | BigInt(value >>> 0);
  let words: Words = turn([key ^ START_0, key ^ START_1, key ^ START_2, key ^ START_3 ^ message]);
  words = [words[0] ^ message, words[1], words[2] ^ 0xffn, words[3]];
  for (let times = 0; times < FINAL_TURNS; times++) words = turn(words);
  return Number((words[0] ^ words[1] ^ words[2] ^ words[3]) & 0xffffffffn);
}
