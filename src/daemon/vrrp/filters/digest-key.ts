// Keys as bpf/filters/digest.h needs them: the states after HMAC's inner and outer block.
import { encodeRecord } from '../../../sys/bpf/records.js';
import { hmacStates } from '../../../wire/hmac.js';
import { md5, md5After } from '../../../wire/md5.js';
import { sha256, sha256After } from '../../../wire/sha256.js';
import { DigestKey } from '../../filter/abi.gen.js';

type KeyStates = ReturnType<typeof hmacStates>;

export const ahKeyStates = (key: Uint8Array): KeyStates => hmacStates(md5, md5After, key);
export const sha256KeyStates = (key: Uint8Array): KeyStates => hmacStates(sha256, sha256After, key);

/** Each state's words; MD5 has four of them. */
export function encodeKeyStates({ inner, outer }: KeyStates): Uint8Array {
  return encodeRecord(DigestKey, { inner: [...inner], outer: [...outer] });
}

export const hexBytes = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
