// One name for several pieces: their digests' digest, so that no byte can pass from one piece to the next unseen.
import { createHash } from 'node:crypto';

/** SHA-256, in hexadecimal digits. */
export function digestOf(parts: Iterable<string | Uint8Array>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(createHash('sha256').update(part).digest());
  return hash.digest('hex');
}
