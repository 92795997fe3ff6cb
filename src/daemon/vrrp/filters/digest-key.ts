// Keys as bpf/filters/digest.h wants them: the states that HMAC's two blocks leave behind.
import { concat, hostIsLittleEndian as little, viewOf } from '../../../wire/bytes.js';
import { hmacStates } from '../../../wire/hmac.js';
import { md5, md5After } from '../../../wire/md5.js';
import { sha256, sha256After } from '../../../wire/sha256.js';

/** Longer messages are not hashed in the kernel (COVERED_MAX there). */
export const COVERED_MAX = 65 * 64 - 9;
const STATE_BYTES = 32;

type KeyStates = ReturnType<typeof hmacStates>;

export const ahKeyStates = (key: Uint8Array): KeyStates => hmacStates(md5, md5After, key);
export const sha256KeyStates = (key: Uint8Array): KeyStates => hmacStates(sha256, sha256After, key);

/** struct digest_key: each state's words, MD5's four first. */
export function encodeKeyStates({ inner, outer }: KeyStates): Uint8Array {
  const [first, second] = [inner, outer].map((words) => {
    const out = new Uint8Array(STATE_BYTES);
    words.forEach((word, index) => viewOf(out).setUint32(index * 4, word, little));
    return out;
  });
  return concat(first ?? new Uint8Array(STATE_BYTES), second ?? new Uint8Array(STATE_BYTES));
}

export const hexBytes = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
