// The value of a cookie that binds a client to a server: it cannot be guessed, and is the same wherever the secret is the same.
import { hmac } from '../../../wire/hmac.js';
import { sha256 } from '../../../wire/sha256.js';

const ID_BYTES = 16;

export const bindingId = (secret: Uint8Array, pool: string, server: string): string =>
  Array.from(hmac(sha256, secret, new TextEncoder().encode(`${pool}\0${server}`)).subarray(0, ID_BYTES), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
