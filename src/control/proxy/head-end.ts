// Finding a head in received bytes.
import type { ProxyEdge } from './edge.js';

/** As much of the bytes is looked at first: a body behind the head need not become text. */
const FIRST_LOOK_BYTES = 4096;

/** The head in slab[from, to), up to its last field's CRLF, as latin1; undefined: its empty line is not there yet. */
export function headEnd(edge: ProxyEdge, from: number, to: number, maxBytes: number): string | undefined {
  let text = edge.text(from, Math.min(to, from + FIRST_LOOK_BYTES));
  let end = text.indexOf('\r\n\r\n');
  if (end < 0 && to - from > FIRST_LOOK_BYTES) {
    text = edge.text(from, Math.min(to, from + maxBytes));
    end = text.indexOf('\r\n\r\n');
  }
  return end < 0 ? undefined : text.slice(0, end + 2);
}
