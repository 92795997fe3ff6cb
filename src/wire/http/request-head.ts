// The head of a request: text into a value, strictly. A rule's source stands beside its row in refusal.ts.
import { CHUNKED } from './body.js';
import { isToken, listOf } from './characters.js';
import { FIELDS_MAX, type Fields, scanFields } from './fields.js';
import { type HttpRefusal, Refusals } from './refusal.js';

/** A request as this hop understands it, and what of it is forwarded. */
export interface RequestHead {
  readonly kind: 'request';
  readonly method: string;
  /** A path with its query as the client sent it, or `*`. */
  readonly target: string;
  /** HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1;
  /** HOST or HOST:PORT as the client sent it; empty: a request of HTTP/1.0 without Host. */
  readonly host: string;
  /** Bytes, or CHUNKED. */
  readonly body: number;
  /** The client's connection goes on after the answer. */
  readonly keepsOpen: boolean;
  /** The protocols that the client asks to change to, in lower case; empty: none. */
  readonly upgrade: string;
  readonly expectsContinue: boolean;
  /** Trailers may be sent to the client. */
  readonly takesTrailers: boolean;
  /** It authenticates the connection that it comes on: no other client may use that one to the server. */
  readonly provesConnection: boolean;
  /** Weir-Explain: it asks for the cause of an answer of this hop's own. */
  readonly explain: string | undefined;
  /** Lists of earlier hops as they came; empty: none. */
  readonly forwardedFor: string;
  readonly forwarded: string;
  readonly forwardedProto: string;
  /** The lines to forward, each with its CRLF; a Host is among them. */
  readonly lines: string;
}

/** RFC 9110 §7.2, without the sub-delimiters of RFC 3986 and without empty labels, which no name that resolves has; one dot may be its end. */
const HOST = /^(?!\.(?::|$)|.*\.\.)(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~%-]{1,255})(?::\d{0,5})?$/;
const VERSION = /^HTTP\/\d\.\d$/;
/** Visible ASCII without `#`. */
const TARGET = /^[!-"$-~]+$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;
const SLASH = 47;
/** Methods of HTTP/1.0 whose requests have no body. */
const BODILESS = /^(?:GET|HEAD|DELETE)$/;

interface RequestLine {
  readonly kind: 'line';
  readonly method: string;
  readonly target: string;
  /** Of an absolute target; undefined: Host counts. */
  readonly authority: string | undefined;
  readonly minor: 0 | 1;
}

const NOT_A_VERSION = -1;

function minorOf(version: string): 0 | 1 | typeof NOT_A_VERSION {
  if (version === 'HTTP/1.1') return 1;
  return version === 'HTTP/1.0' ? 0 : NOT_A_VERSION;
}

/** RFC 9112 §3.2.2: of an absolute target its authority counts, and Host is made of it. */
function readTarget(method: string, target: string): { readonly target: string; readonly authority: string | undefined } | HttpRefusal {
  if (!TARGET.test(target)) return Refusals.target;
  if (target.charCodeAt(0) === SLASH || (target === '*' && method === 'OPTIONS')) return { target, authority: undefined };
  const [, authority, rest = ''] = ABSOLUTE.exec(target) ?? [];
  if (authority === undefined) return Refusals.targetForm;
  if (!HOST.test(authority)) return Refusals.hostInvalid;
  if (rest === '') return { target: method === 'OPTIONS' ? '*' : '/', authority };
  return { target: rest.startsWith('?') ? `/${rest}` : rest, authority };
}

function readRequestLine(text: string, lineEnd: number): RequestLine | HttpRefusal {
  const first = text.indexOf(' ');
  const last = text.lastIndexOf(' ', lineEnd);
  if (first < 1 || last <= first || last > lineEnd) return Refusals.requestLine;
  const method = text.slice(0, first);
  if (!isToken(method)) return Refusals.method;
  const version = text.slice(last + 1, lineEnd);
  const minor = minorOf(version);
  if (minor === NOT_A_VERSION) return VERSION.test(version) ? Refusals.version : Refusals.requestLine;
  if (method === 'CONNECT') return Refusals.connect;
  if (method === 'TRACE') return Refusals.trace;
  if (method === 'PRI') return Refusals.preface;
  const target = readTarget(method, text.slice(first + 1, last));
  return 'kind' in target ? target : { kind: 'line', method, ...target, minor };
}

/** RFC 9112 §6.3 for requests. */
function framingFault({ method, minor }: RequestLine, fields: Fields): HttpRefusal | undefined {
  if (fields.isChunked && minor === 0) return Refusals.codingOfOldVersion;
  if (minor === 0 && fields.contentLength > 0 && BODILESS.test(method)) return Refusals.bodyOfOldVersion;
  return fields.isChunked && fields.contentLength >= 0 ? Refusals.codingAndLength : undefined;
}

function hostFault({ minor }: RequestLine, { host }: Fields): HttpRefusal | undefined {
  if (host === undefined) return minor === 1 ? Refusals.hostMissing : undefined;
  return HOST.test(host) ? undefined : Refusals.hostInvalid;
}

const HOST_LINE = /(^|\r\n)host:[^\r]*\r\n/i;

/** The lines with Host made of the target's authority. */
const withAuthority = (lines: string, authority: string): string => `Host: ${authority}\r\n${lines.replace(HOST_LINE, '$1')}`;

/** `text`: latin1, from the request line up to the last field's CRLF; the empty line is not in it. */
export function parseRequestHead(text: string, fieldsMax = FIELDS_MAX): RequestHead | HttpRefusal {
  const lineEnd = text.indexOf('\r\n');
  const fields = scanFields(text, lineEnd + 2, 'request', fieldsMax);
  if (fields.kind === 'refusal') return fields;
  const line = readRequestLine(text, lineEnd);
  if (line.kind === 'refusal') return line;
  const fault = hostFault(line, fields) ?? framingFault(line, fields);
  if (fault !== undefined) return fault;
  const { method, target, authority, minor } = line;
  const {
    expect,
    isChunked,
    contentLength,
    hasUpgrade,
    upgrade,
    forwardedFor,
    forwarded,
    forwardedProto,
    takesTrailers,
    provesConnection,
    explain,
  } = fields;
  if (expect !== '' && expect !== '100-continue') return Refusals.expectation;
  const body = isChunked ? CHUNKED : Math.max(contentLength, 0);
  return {
    kind: 'request',
    method,
    target,
    minor,
    host: authority ?? fields.host ?? '',
    body,
    keepsOpen: !fields.hasClose && (minor === 1 || fields.hasKeepAlive),
    upgrade: hasUpgrade && minor === 1 && body === 0 ? listOf(upgrade).join(', ') : '',
    expectsContinue: expect !== '' && minor === 1 && body !== 0,
    takesTrailers: takesTrailers && minor === 1,
    provesConnection,
    explain,
    forwardedFor,
    forwarded,
    forwardedProto,
    lines: authority === undefined ? fields.lines : withAuthority(fields.lines, authority),
  };
}
