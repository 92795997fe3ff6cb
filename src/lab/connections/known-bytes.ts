// What a download of a lab has: bytes that look random and that both ends know, so that each can be compared as it comes.
import { createCipheriv } from 'node:crypto';

/** The key stream of AES-128 in counter mode, of a key and a first counter that are all zeros. */
export class KnownBytes {
  readonly #cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));

  /** Those that come next. */
  next(length: number): Buffer {
    return this.#cipher.update(Buffer.alloc(length));
  }
}
