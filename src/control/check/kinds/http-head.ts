// The head of an HTTP answer: as much of it as a check needs.

export interface AnswerHead {
  /** What stands between the first two spaces, as keepalived reads it; 0: no three digits. */
  readonly status: number;
  readonly contentLength: number | undefined;
  /** How many bytes the head has, with the empty line. */
  readonly bytes: number;
}

const latin1 = new TextDecoder('latin1');

/** A longer head is no answer. */
export const HEAD_MAX = 64 * 1024;

/** What may stand in front of the last byte of the empty line, from the end of the line before it on. */
const LINE_ENDS_MAX = 2;

/** Where the empty line ends: CRLF CRLF, or LF LF from servers that write so. */
function headEnd(bytes: Uint8Array, from: number): number | undefined {
  for (let at = Math.max(0, from); at < bytes.length; at++) {
    if (bytes[at] !== 10) continue;
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

/** Undefined: the empty line has not come yet. `examined`: it was not in so many of the bytes, which are not looked at again. */
export function answerHead(bytes: Uint8Array, examined = 0): AnswerHead | undefined {
  const end = headEnd(bytes, examined - LINE_ENDS_MAX);
  if (end === undefined) return undefined;
  const text = latin1.decode(bytes.subarray(0, end));
  const status = Number(/^[^ \r]* (\d{3}) /.exec(text)?.[1] ?? 0);
  const length = /^content-length:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(text)?.[1];
  return { status, contentLength: length === undefined ? undefined : Number(length), bytes: end };
}
