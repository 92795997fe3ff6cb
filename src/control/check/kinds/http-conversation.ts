// One request of HTTP_GET and its answer, as keepalived asks and judges: status, then MD5 of the body, then a regular expression.
import { formatAddress } from '../../../model/address-text.js';
import { counted } from '../../../model/counted.js';
import { hexOf } from '../../../model/hex.js';
import type { HttpUrl } from '../../../model/keepalived/virtual-server.js';
import { concat } from '../../../wire/bytes.js';
import { type Md5, md5Add, md5End, md5Start } from '../../../wire/md5.js';
import { type Pieces, withPiece } from '../../../wire/pieces.js';
import type { Attempt } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, type ProbeTools, succeeded } from '../probe.js';
import { type AnswerHead, answerHead, HEAD_MAX } from './http-head.js';
import { only } from './rules.js';
import { shownText } from './seen.js';

/** So much of a body is kept for a regular expression. */
const MATCHED_MAX = 1024 * 1024;
/** A body that is longer is no page: the check fails. */
const BODY_MAX = 64 * 1024 * 1024;

export interface HttpState {
  readonly phase: 'connecting' | 'head' | 'body';
  /** Something came after the request; of TLS that may be a session ticket. */
  readonly answering: boolean;
  /** The head so far. */
  readonly kept: Uint8Array;
  /** As much of it as an expression needs. */
  readonly body: Pieces;
  readonly head: AnswerHead | undefined;
  /** Of the body. */
  readonly received: number;
  readonly digest: Md5;
  /** About the server's certificate. */
  readonly warning: string | undefined;
}

const NOTHING = new Uint8Array(0);
const utf8 = new TextEncoder();

export const beginHttp = (): HttpState => ({
  phase: 'connecting',
  answering: false,
  kept: NOTHING,
  body: [],
  head: undefined,
  received: 0,
  digest: md5Start,
  warning: undefined,
});

function urlOf({ check, url }: Attempt): HttpUrl {
  const found = only(check, 'http', 'ssl').urls[url];
  if (found === undefined) throw new Error(`no URL ${url}`);
  return found;
}

/** The name that a page is asked by: the URL's, the check's, the real server's, else the virtual server's. */
export const namedHost = (attempt: Attempt): string | undefined =>
  urlOf(attempt).virtualHost ?? only(attempt.check, 'http', 'ssl').virtualHost ?? attempt.serverHost ?? attempt.virtualHost;

/** The Host header: the name, else the address with its port. */
function requestText(attempt: Attempt): string {
  const check = only(attempt.check, 'http', 'ssl');
  const { path } = urlOf(attempt);
  const { address, port } = attempt.target;
  const literal = address.family === 'inet6' ? `[${formatAddress(address)}]` : formatAddress(address);
  const host = namedHost(attempt) ?? `${literal}:${port}`;
  const close = check.protocol === '1.0' ? '' : 'Connection: close\r\n';
  return `GET ${path} HTTP/1.${check.protocol === '1.1' ? 1 : 0}\r\nUser-Agent: KeepAliveClient\r\n${close}Host: ${host}\r\n\r\n`;
}

/** What becomes of an answer that is over. */
type Judge = (state: HttpState, url: HttpUrl, tools: ProbeTools) => ProbeStep<HttpState>;

export const stepHttp = (state: HttpState, input: ProbeInput, attempt: Attempt, tools: ProbeTools): ProbeStep<HttpState> =>
  converse(state, input, attempt, tools, judge);

/** A step of the conversation, whoever judges its answer. */
export function converse(
  state: HttpState,
  input: ProbeInput,
  attempt: Attempt,
  tools: ProbeTools,
  judgeAnswer: Judge,
): ProbeStep<HttpState> {
  switch (input.kind) {
    case 'connected':
      return {
        state: { ...state, phase: 'head', warning: input.warning },
        send: utf8.encode(requestText(attempt)),
        restartTimeout: true,
      };
    case 'received': {
      // SSL_GET: the whole answer has one connect_timeout; HTTP_GET: each of its pieces.
      const restartTimeout = !isTls(attempt) || !state.answering;
      return { restartTimeout, ...receive({ ...state, answering: true }, input.bytes, urlOf(attempt)) };
    }
    case 'ended':
      if (isTls(attempt) && state.head === undefined) return failed(state, 'SSL read error from', nothingOf(state, urlOf(attempt)));
      return judgeAnswer(state, urlOf(attempt), tools);
    case 'timeout':
      return failed(state, timeoutText(state, attempt), state.phase === 'connecting' ? undefined : urlOf(attempt).path);
    case 'failed':
      // Of TLS any error ends the answer as a close does.
      if (isTls(attempt) && input.phase === 'read') return judgeAnswer(state, urlOf(attempt), tools);
      return failed(state, FAILURES[input.phase], input.reason);
    case 'untrusted': {
      const { reason } = input;
      return { state, outcome: { kind: 'failure', text: `SSL error (${reason}) connecting to`, reason } };
    }
    default:
      return { state };
  }
}

const isTls = ({ check }: Attempt): boolean => check.kind === 'ssl';

const FAILURES = {
  unreachable: 'HTTP_CHECK - network unreachable',
  connect: 'Connection failed',
  handshake: 'SSL handshake/communication error connecting to',
  read: 'Read error with',
  write: 'Cannot send get request to',
} as const;

function timeoutText({ phase, answering }: HttpState, attempt: Attempt): string {
  if (phase === 'connecting') return 'Timeout connecting';
  if (!answering) return 'Timeout WEB read';
  return isTls(attempt) ? 'Timeout SSL read' : 'Timeout HTTP read';
}

function receive(state: HttpState, bytes: Uint8Array, url: HttpUrl): ProbeStep<HttpState> {
  if (state.phase === 'body') return addBody(state, bytes, url);
  const kept = state.kept.length === 0 ? bytes : concat(state.kept, bytes);
  const found = answerHead(kept, state.kept.length);
  if (found === undefined) {
    if (kept.length > HEAD_MAX) return failed(state, 'HTTP header too long from');
    return { state: { ...state, kept } };
  }
  return addBody({ ...state, phase: 'body', kept: NOTHING, head: found }, kept.subarray(found.bytes), url);
}

/** The digest ends with Content-Length; whatever comes after it is counted only. */
function addBody(state: HttpState, bytes: Uint8Array, url: HttpUrl): ProbeStep<HttpState> {
  const received = state.received + bytes.length;
  if (received > BODY_MAX) return failed(state, 'HTTP body too long from');
  const left = Math.max(0, (state.head?.contentLength ?? Number.POSITIVE_INFINITY) - state.received);
  const digest = url.digest === undefined ? state.digest : md5Add(state.digest, bytes.subarray(0, left));
  const room = Math.max(0, MATCHED_MAX - state.received);
  const body = url.regex === undefined ? state.body : withPiece(state.body, bytes.subarray(0, room));
  return { state: { ...state, received, digest, body } };
}

/** An answer that ended before the end of its head. */
const nothingOf = ({ kept }: HttpState, { path }: HttpUrl): string =>
  `${path}: ${kept.length === 0 ? 'closed without an answer' : `no HTTP: ${shownText(kept)}`}`;

/** The digest of what came of the body. */
export const bodyDigest = ({ digest }: HttpState): string => hexOf(md5End(digest));

function judge(state: HttpState, url: HttpUrl, tools: ProbeTools): ProbeStep<HttpState> {
  const { path } = url;
  if (state.head === undefined) return failed(state, 'Read, no data received from ', nothingOf(state, url));
  const { status } = state.head;
  if (!url.statusCodes.some(({ from, to }) => status >= from && status <= to)) {
    return failed(state, 'HTTP status code error to', `${path}: ${status === 0 ? 'no status' : `status ${status}`}`);
  }
  if (url.digest !== undefined && bodyDigest(state) !== url.digest) {
    return failed(state, 'MD5 digest error to', `${path}: ${bodyDigest(state)} of ${counted(state.received, 'byte')}`);
  }
  const mismatch = url.regex === undefined ? undefined : regexFailure(url.regex, concat(...state.body), tools);
  if (mismatch !== undefined) {
    return failed(state, mismatch, `${path}: ${counted(state.received, 'byte')}, ${shownText(concat(...state.body))}`);
  }
  const text = url.regex !== undefined ? 'Regex match' : url.digest !== undefined ? 'MD5 digest' : 'HTTP status code';
  return succeeded(state, { text, ...(state.warning === undefined ? {} : { warning: state.warning }) });
}

/** Offsets count bytes of the body; a match must begin between them. Undefined: it is as wanted. */
function regexFailure(regex: NonNullable<HttpUrl['regex']>, body: Uint8Array, { match }: ProbeTools): string | undefined {
  const { pattern, options, negate, minOffset, maxOffset } = regex;
  try {
    return match(pattern, options, body, minOffset, maxOffset) === negate ? 'Regex match failed' : undefined;
  } catch (error) {
    return `Regex match failed (${(error as Error).message})`;
  }
}
