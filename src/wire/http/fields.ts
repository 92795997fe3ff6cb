// The field lines of a head or of trailers: every line is validated, those that this hop acts on are taken out and read, the others are kept as
// they came, in runs of untouched lines. A name is looked at only where its length and first letter are those of one that is acted on.
import { forbiddenIn, listOf, TOKEN_CLASS, trimmed } from './characters.js';
import { isOfConnection } from './connection-schemes.js';
import { type HttpRefusal, Refusals } from './refusal.js';

/** Which message the lines belong to. */
export type FieldSide = 'request' | 'response' | 'trailer';

/** What was read of a head's fields. */
export interface Fields {
  readonly kind: 'fields';
  /** The lines that are forwarded, in their order, each with its CRLF. */
  lines: string;
  /** Without white space around it; undefined: there is none. Its line is among `lines`. */
  host: string | undefined;
  /** Bytes; -1: there is none. */
  contentLength: number;
  /** Transfer-Encoding is chunked. */
  isChunked: boolean;
  /** What Connection has of close, keep-alive and upgrade. */
  hasClose: boolean;
  hasKeepAlive: boolean;
  hasUpgrade: boolean;
  /** The value of Upgrade; empty: none. */
  upgrade: string;
  /** In lower case; empty: none. */
  expect: string;
  /** TE has trailers. */
  takesTrailers: boolean;
  /** Authorization is of a scheme that authenticates the connection. */
  provesConnection: boolean;
  /** Weir-Explain, which is for this hop alone. */
  explain: string | undefined;
  /** The lists as they came, lines joined by commas; empty: none. */
  forwardedFor: string;
  forwarded: string;
  forwardedProto: string;
}

/** Of a response and of trailers, and of a request whose limit is not stated. */
export const FIELDS_MAX = 100;

const COLON = 58;
const SPACE = 32;
const TAB = 9;
const CONTENT_LENGTH = /^\d{1,15}$/;

/** How many first letters of a line the table below has. */
const LETTERS = 32;
const NAME_MAX = 32;

const tableOf = (...names: readonly string[]): Uint8Array => {
  const table = new Uint8Array(NAME_MAX * LETTERS);
  for (const name of names) table[name.length * LETTERS + (name.charCodeAt(0) & (LETTERS - 1))] = 1;
  return table;
};

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'content-length'];

/** By side, length and first letter: whether a name may be one that is acted on. */
const ACTED: Readonly<Record<FieldSide, Uint8Array>> = {
  request: tableOf(
    ...HOP_BY_HOP,
    'host',
    'authorization',
    'expect',
    'forwarded',
    'http2-settings',
    'proxy-authorization',
    'weir-explain',
    'x-forwarded-for',
    'x-forwarded-proto',
  ),
  response: tableOf(...HOP_BY_HOP, 'proxy-authenticate'),
  trailer: tableOf(),
};

/** RFC 9110 §6.5.1: what may not come late. */
const NOT_TRAILERS =
  /^(?:transfer-encoding|content-(?:length|encoding|type|range)|host|trailer|te|connection|keep-alive|upgrade|expect|authorization|proxy-.*|cookie|set-cookie|cache-control|pragma|range|if-.*|max-forwards|forwarded|via|x-forwarded-.*|x-real-ip|weir-explain|age|date|expires|location|retry-after|vary|warning|www-authenticate)$/;

/** RFC 9110 §7.6.1: fields for all recipients must not be named as options of a connection. */
const NOT_OPTIONS =
  /^(?:host|content-length|transfer-encoding|x-forwarded-.*|forwarded|via|authorization|cookie|expect|trailer|set-cookie)$/;

const emptyFields = (): Fields => ({
  kind: 'fields',
  lines: '',
  host: undefined,
  contentLength: -1,
  isChunked: false,
  hasClose: false,
  hasKeepAlive: false,
  hasUpgrade: false,
  upgrade: '',
  expect: '',
  takesTrailers: false,
  provesConnection: false,
  explain: undefined,
  forwardedFor: '',
  forwarded: '',
  forwardedProto: '',
});

/** Lists that may come in more than one line. */
const joined = (before: string, value: string): string => (before === '' ? value : `${before}, ${value}`);

/** A line's fate: forwarded, taken out, or the whole message refused. */
type Fate = 'kept' | 'removed' | HttpRefusal;

function readConnection(fields: Fields, value: string, named: string[]): Fate {
  for (const option of listOf(value)) {
    if (option === 'close') fields.hasClose = true;
    else if (option === 'keep-alive') fields.hasKeepAlive = true;
    else if (option === 'upgrade') fields.hasUpgrade = true;
    else if (NOT_OPTIONS.test(option)) return Refusals.connectionOption;
    else named.push(option);
  }
  return 'removed';
}

function readContentLength(fields: Fields, value: string): Fate {
  if (fields.contentLength >= 0) return Refusals.contentLengthTwice;
  if (!CONTENT_LENGTH.test(value)) return Refusals.contentLength;
  fields.contentLength = Number(value);
  return 'removed';
}

function readCoding(fields: Fields, value: string): Fate {
  const codings = listOf(value);
  if (codings.length === 1 && codings[0] === 'chunked' && !fields.isChunked) {
    if (value.includes(',')) return Refusals.codingEmpty;
    fields.isChunked = true;
    return 'removed';
  }
  return fields.isChunked || codings.at(-1) !== 'chunked' || codings.indexOf('chunked') < codings.length - 1
    ? Refusals.codingLast
    : Refusals.coding;
}

/** What both sides act on. */
function readCommon(fields: Fields, name: string, value: string, named: string[]): Fate {
  switch (name) {
    case 'connection':
      return readConnection(fields, value, named);
    case 'content-length':
      return readContentLength(fields, value);
    case 'transfer-encoding':
      return readCoding(fields, value);
    case 'upgrade':
      fields.upgrade = joined(fields.upgrade, value);
      return 'removed';
    case 'te':
      fields.takesTrailers ||= listOf(value).some((one) => one === 'trailers');
      return 'removed';
    case 'keep-alive':
    case 'proxy-connection':
    case 'trailer':
    case 'http2-settings':
    case 'proxy-authorization':
    case 'proxy-authenticate':
      return 'removed';
    default:
      return 'kept';
  }
}

function readRequestField(fields: Fields, name: string, value: string, named: string[]): Fate {
  switch (name) {
    case 'host':
      if (fields.host !== undefined) return Refusals.hostTwice;
      fields.host = value;
      return 'kept';
    case 'authorization':
      fields.provesConnection ||= isOfConnection(value);
      return 'kept';
    case 'expect':
      fields.expect = joined(fields.expect, value.toLowerCase());
      return 'removed';
    case 'weir-explain':
      fields.explain = value;
      return 'removed';
    case 'x-forwarded-for':
      fields.forwardedFor = joined(fields.forwardedFor, value);
      return 'removed';
    case 'x-forwarded-proto':
      fields.forwardedProto = joined(fields.forwardedProto, value);
      return 'removed';
    case 'forwarded':
      fields.forwarded = joined(fields.forwarded, value);
      return 'removed';
    default:
      return readCommon(fields, name, value, named);
  }
}

function readField(side: FieldSide, fields: Fields, name: string, value: string, named: string[]): Fate {
  if (side === 'request') return readRequestField(fields, name, value, named);
  if (side === 'response') return name === 'http2-settings' ? 'kept' : readCommon(fields, name, value, named);
  return NOT_TRAILERS.test(name) ? Refusals.trailer : 'kept';
}

/** The lines without those of these names (in lower case). */
export const withoutFields = (lines: string, names: readonly string[]): string =>
  lines
    .split('\r\n')
    .filter((line) => line !== '' && !names.includes(line.slice(0, line.indexOf(':')).toLowerCase()))
    .map((line) => `${line}\r\n`)
    .join('');

function whyNoName(code: number): HttpRefusal {
  return code === SPACE || code === TAB ? Refusals.fold : Refusals.fieldName;
}

/**
 * Reads the lines that begin at `from`; `text` is latin1 and ends with the CRLF of the last line. Names with an underscore are not forwarded
 * in requests and trailers: to CGI they are the same as those with a hyphen (nginx's `underscores_in_headers off`).
 */
export function scanFields(text: string, from: number, side: FieldSide, fieldsMax = FIELDS_MAX): Fields | HttpRefusal {
  const forbidden = forbiddenIn(text);
  if (forbidden !== undefined) return forbidden;
  const fields = emptyFields();
  const named: string[] = [];
  const table = ACTED[side];
  const end = text.length;
  let run = from;
  let count = 0;
  for (let at = from; at < end; ) {
    let colon = at;
    let classes = 0;
    for (let code = TOKEN_CLASS[text.charCodeAt(at)]!; code !== 0; code = TOKEN_CLASS[text.charCodeAt(++colon)]!) classes |= code;
    if (colon === at) return whyNoName(text.charCodeAt(at));
    if (text.charCodeAt(colon) !== COLON) return Refusals.fieldName;
    if (++count > fieldsMax) return Refusals.fieldsMax;
    const lineEnd = text.indexOf('\r', colon);
    const length = colon - at;
    let fate: Fate = classes > 1 && side !== 'response' ? 'removed' : 'kept';
    const isActed = side === 'trailer' || (length < NAME_MAX && table[length * LETTERS + (text.charCodeAt(at) & (LETTERS - 1))] === 1);
    if (isActed && fate === 'kept') {
      fate = readField(side, fields, text.slice(at, colon).toLowerCase(), trimmed(text, colon + 1, lineEnd), named);
    }
    if (fate !== 'kept') {
      if (fate !== 'removed') return fate;
      if (run < at) fields.lines += text.slice(run, at);
      run = lineEnd + 2;
    }
    at = lineEnd + 2;
  }
  if (run < end) fields.lines += text.slice(run, end);
  if (named.length > 0) fields.lines = withoutFields(fields.lines, named);
  return fields;
}

/** The values of all lines with this name (in lower case), joined by commas; undefined: there is none. `lines` are those of `Fields`. */
export function fieldValue(lines: string, name: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < lines.length; ) {
    const lineEnd = lines.indexOf('\r\n', at);
    const colon = at + name.length;
    if (lines.charCodeAt(colon) === COLON && lines.slice(at, colon).toLowerCase() === name) {
      const value = trimmed(lines, colon + 1, lineEnd);
      found = found === undefined ? value : joined(found, value);
    }
    at = lineEnd + 2;
  }
  return found;
}
