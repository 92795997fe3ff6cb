// Bytes that come in pieces of any size, kept until they are joined: many small ones cost neither much time nor much memory.
import { concat } from './bytes.js';

/** Each piece is at least twice as long as the next one: there are few of them, and each byte was copied few times. */
export type Pieces = readonly Uint8Array[];

/** The pieces with one more, of which a copy is kept. */
export function withPiece(pieces: Pieces, bytes: Uint8Array): Pieces {
  if (bytes.length === 0) return pieces;
  let length = bytes.length;
  let from = pieces.length;
  for (let last = pieces[from - 1]; last !== undefined && last.length < 2 * length; last = pieces[from - 1]) {
    length += last.length;
    from--;
  }
  return [...pieces.slice(0, from), concat(...pieces.slice(from), bytes)];
}
