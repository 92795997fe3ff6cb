// What takes the place of a client's port in the key of a call's template, as bpf/director/call.h makes it.
import { Abi } from '../abi.gen.js';
import type { HashKeys } from './endpoint-table.js';

const ID_MAX_BYTES = 256;

const PRIME = 4294967291n;
const LOW = 0xffffffffn;

/** Its bits in the key; none: the template is not of a call. */
export function callPort(call: string | undefined, [a, b, c]: HashKeys): bigint {
  if (call === undefined) return 0n;
  const words = new BigUint64Array(ID_MAX_BYTES / 8);
  new Uint8Array(words.buffer).set(Buffer.from(call, 'latin1'));
  const mix = (hash: bigint, part: bigint): bigint => (hash * (b & LOW) + part) % PRIME;
  let hash = BigInt(call.length);
  for (const word of words.subarray(0, Math.ceil(call.length / 8))) hash = mix(mix(hash, word & LOW), word >> 32n);
  hash = BigInt.asUintN(64, hash * (c | 1n));
  hash ^= hash >> 32n;
  return (BigInt.asUintN(64, hash * (a | 1n)) >> 48n || 1n) << BigInt(Abi.K_PORT_SHIFT);
}
