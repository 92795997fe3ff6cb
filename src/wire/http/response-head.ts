// The head of a response: text into a value, strictly. Any refusal means 502, and the server's connection is closed.
import { CHUNKED, UNTIL_CLOSE } from './body.js';
import { forbiddenIn } from './characters.js';
import { isOfConnection } from './connection-schemes.js';
import { type Fields, fieldValue, scanFields } from './fields.js';
import { type HttpRefusal, Refusals } from './refusal.js';

/** A response as this hop understands it, and what of it is forwarded. */
export interface ResponseHead {
  readonly kind: 'response';
  readonly status: number;
  /** May be empty. */
  readonly reason: string;
  /** Bytes, CHUNKED or UNTIL_CLOSE. */
  readonly body: number;
  /** The status and the method allow a body. */
  readonly hasBody: boolean;
  /** Content-Length where it is of a body that is not sent (HEAD, 304); -1: none. */
  readonly describedLength: number;
  /** The server's connection may be used again after the body. */
  readonly keepsOpen: boolean;
  /** It asks for a proof that authenticates the connection: no other client may use that one. */
  readonly asksForConnection: boolean;
  /** Of a 101: the protocol changed to, in lower case. */
  readonly upgrade: string;
  /** The lines to forward, each with its CRLF. */
  readonly lines: string;
}

const STATUS_LINE = /^HTTP\/1\.[01] [1-5]\d\d(?: [^\r\n]*)?\r\n/;
const MINOR_AT = 7;
const STATUS_AT = 9;
const REASON_AT = 13;
const UNAUTHORIZED = 401;

const mayHaveBody = (status: number, method: string): boolean => method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;

/** RFC 9112 §6.3. */
function bodyOf(hasBody: boolean, { isChunked, contentLength }: Fields): number {
  if (!hasBody) return 0;
  if (isChunked) return CHUNKED;
  return contentLength < 0 ? UNTIL_CLOSE : contentLength;
}

/**
 * `text`: latin1, from the status line up to the last field's CRLF; the empty line is not in it. `method`: that of the request that is
 * answered. A status line without a reason and its space is taken: some servers send it, and it frames nothing.
 */
export function parseResponseHead(text: string, method: string): ResponseHead | HttpRefusal {
  const lineEnd = text.indexOf('\r\n');
  if (!STATUS_LINE.test(text)) return forbiddenIn(text) ?? Refusals.statusLine;
  const fields = scanFields(text, lineEnd + 2, 'response');
  if (fields.kind === 'refusal') return fields;
  const isOldVersion = text[MINOR_AT] === '0';
  if (fields.isChunked && isOldVersion) return Refusals.codingOfOldVersion;
  if (fields.isChunked && fields.contentLength >= 0) return Refusals.codingAndLength;
  const status = Number(text.slice(STATUS_AT, STATUS_AT + 3));
  const hasBody = mayHaveBody(status, method);
  const body = bodyOf(hasBody, fields);
  const isDescribed = !hasBody && status >= 200 && status !== 204;
  return {
    kind: 'response',
    status,
    reason: text.slice(REASON_AT, lineEnd),
    body,
    hasBody,
    describedLength: isDescribed && !fields.isChunked ? fields.contentLength : -1,
    keepsOpen: !fields.hasClose && (!isOldVersion || fields.hasKeepAlive) && body !== UNTIL_CLOSE,
    asksForConnection: status === UNAUTHORIZED && isOfConnection(fieldValue(fields.lines, 'www-authenticate') ?? ''),
    upgrade: fields.hasUpgrade ? fields.upgrade.toLowerCase() : '',
    lines: fields.lines,
  };
}
