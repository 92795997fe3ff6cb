// A number by which texts differ (FNV-1a of 64 bits), for names: all of these texts are the operator's own.

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** 64 bits. */
export function textDigest(text: string): bigint {
  let digest = OFFSET;
  for (const byte of new TextEncoder().encode(text)) digest = BigInt.asUintN(64, (digest ^ BigInt(byte)) * PRIME);
  return digest;
}
