// What genhash -v prints of an answer while it comes in: the head in hexadecimal and as text, then the body in hexadecimal.
import type { HttpState } from '../../control/check/kinds/http-conversation.js';
import { hexOf } from '../../model/hex.js';
import { concat } from '../../wire/bytes.js';

/** keepalived reads so much in one read, and its dump of a body begins again at 0 with each read. */
export const READ_BYTES = 4095;

const ROW_BYTES = 16;

const title = (text: string): string => `-----------------------[${text}]-----------------------\n`;

const visible = (byte: number): string => (byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : '.');

function row(bytes: Uint8Array, offset: number): string {
  const cells = Array.from({ length: ROW_BYTES }, (_, at) => {
    const byte = bytes[at];
    return byte === undefined ? '   ' : ` ${hexOf([byte])}`;
  });
  const text = [...bytes].map(visible).join('').padEnd(ROW_BYTES);
  const number = String(offset & 0xffff).padStart(4, '0');
  return `${number} ${cells.slice(0, 8).join('')} -${cells.slice(8).join('')}   ${text}\n`;
}

/** Sixteen bytes a line, with the offset in decimal. */
export function hexDump(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += ROW_BYTES) text += row(bytes.subarray(at, at + ROW_BYTES), at);
  return text;
}

/** How much of these bytes of the body the digest is made of. */
const counted = ({ head, received }: HttpState, bytes: Uint8Array): Uint8Array =>
  bytes.subarray(0, Math.max(0, (head?.contentLength ?? Number.POSITIVE_INFINITY) - received));

/** What is printed of `bytes`, which lead from one state of the conversation to the next. */
export function received(before: HttpState, bytes: Uint8Array, after: HttpState): string {
  if (before.phase === 'body') return hexDump(counted(before, bytes));
  const begin = title('    HTTP Header Buffer    ');
  if (after.head === undefined) return begin;
  const all = concat(before.kept, bytes);
  const head = all.subarray(0, after.head.bytes);
  const body = counted({ ...after, received: 0 }, all.subarray(after.head.bytes));
  const text = Buffer.from(head).toString();
  return `${begin}${hexDump(head)}${title(' HTTP Header Ascii Buffer ')}${text}\n${
    body.length === 0 ? '' : title('        HTML Buffer        ') + hexDump(body)
  }`;
}

/** What stands in front of the digest. */
export const resulting = (digest: Uint8Array): string =>
  `\n${title('    HTML hash resulting    ')}${hexDump(digest)}${title(' HTML hash final resulting ')}`;

export const responseTime = (path: string, us: number): string => `\nGlobal response time for [${path}] = ${us} usecs\n`;
