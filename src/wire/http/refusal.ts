// Why a message is refused, and with which status: one row a rule, its source beside it. Nothing of these is ever repaired. A refusal of a
// response becomes 502 at the client, whatever its status here.

export interface HttpRefusal {
  readonly kind: 'refusal';
  /** The status that a client's request is answered with. */
  readonly status: number;
  /** For the operator. */
  readonly cause: string;
}

const refuse = (status: number, cause: string): HttpRefusal => ({ kind: 'refusal', status, cause });

export const Refusals = {
  /** RFC 9112 §2.2: a recipient may take a bare LF for a line's end; who does not, and who does, disagree about where a message ends. */
  bareLineFeed: refuse(400, 'a bare LF in the head'),
  /** RFC 9112 §2.2: a bare CR is invalid, or to be replaced by a space. */
  bareCarriageReturn: refuse(400, 'a bare CR in the head'),
  /** RFC 9110 §5.5: CR, LF and NUL are dangerous, other controls invalid. */
  control: refuse(400, 'a control character in the head'),
  /** RFC 9112 §3. */
  requestLine: refuse(400, 'the request line is not METHOD TARGET HTTP/1.1'),
  /** RFC 9110 §9.1: a method is a token. */
  method: refuse(400, 'the method is not a token'),
  /** RFC 9112 §3.2 and RFC 3986 §2: visible ASCII, no fragment. */
  target: refuse(400, 'the target has a character that is not allowed'),
  /** RFC 9112 §3.2: the four forms. */
  targetForm: refuse(400, 'the target is neither a path, nor an http URI, nor * of OPTIONS'),
  /** RFC 9110 §9.3.6: CONNECT is for proxies that clients choose; this is a gateway. */
  connect: refuse(405, 'CONNECT'),
  /** RFC 9113 §11.6: the method of HTTP/2's preface, which no request has. */
  preface: refuse(400, 'the method PRI'),
  /** RFC 9110 §9.3.8: a server may refuse TRACE, whose answer shows what stands between. */
  trace: refuse(405, 'TRACE'),
  /** RFC 9112 §2.3. */
  version: refuse(505, 'a version other than HTTP/1.0 and HTTP/1.1'),
  /** RFC 9112 §3.2: exactly one Host in HTTP/1.1. */
  hostMissing: refuse(400, 'HTTP/1.1 without Host'),
  hostTwice: refuse(400, 'more than one Host'),
  /** RFC 9110 §7.2: uri-host and port. */
  hostInvalid: refuse(400, 'Host is not HOST or HOST:PORT'),
  /** RFC 9112 §5.1: no space between name and colon; a name is a token. */
  fieldName: refuse(400, 'a field name is empty, no token, or not followed by a colon'),
  /** RFC 9112 §5.2: obs-fold, and a space before the first field (§2.2). */
  fold: refuse(400, 'a line of the head begins with a space'),
  /** RFC 9110 §5.4: limits are the server's own. */
  fieldsMax: refuse(431, 'too many fields'),
  headMax: refuse(431, 'the head is too long'),
  bodyMax: refuse(413, 'the body is too long'),
  /** RFC 9110 §8.6: 1*DIGIT. */
  contentLength: refuse(400, 'Content-Length is not a number of at most 15 digits'),
  /** RFC 9112 §6.3: more than one is refused, the same twice too. */
  contentLengthTwice: refuse(400, 'more than one Content-Length'),
  /** RFC 9112 §6.1: an unknown coding is 501. */
  coding: refuse(501, 'a transfer coding other than chunked'),
  /** RFC 9112 §6.3: the last coding of a request must be chunked. */
  codingLast: refuse(400, 'chunked is not the last transfer coding, once'),
  /** RFC 9110 §5.6.1: a recipient ignores empty members of a list; who does not read these as chunked reads another body. */
  codingEmpty: refuse(400, 'Transfer-Encoding has an empty member'),
  /** RFC 9112 §6.1 and §11.2: both are a smuggling attempt. */
  codingAndLength: refuse(400, 'Transfer-Encoding and Content-Length'),
  /** RFC 9112 §6.1: HTTP/1.0 has no transfer codings. */
  codingOfOldVersion: refuse(400, 'Transfer-Encoding in HTTP/1.0'),
  /** RFC 1945 §7.2: a body only where the method calls for one; servers of HTTP/1.0 take it for the next request. */
  bodyOfOldVersion: refuse(400, 'a body of GET, HEAD or DELETE in HTTP/1.0'),
  /** RFC 9110 §7.6.1: Connection removes what it names, so it must not name what frames, routes or authenticates. */
  connectionOption: refuse(400, 'Connection names a field that is not hop-by-hop'),
  /** RFC 9110 §10.1.1: an expectation that is not known is answered with 417. */
  expectation: refuse(417, 'an expectation other than 100-continue'),
  /** RFC 9112 §7.1. */
  chunkSize: refuse(400, 'a chunk size is not a hexadecimal number of at most 12 digits'),
  chunkLine: refuse(400, 'a line of the chunked coding does not end with CRLF'),
  chunkExtension: refuse(400, 'chunk extensions are too long or have a control character'),
  /** RFC 9112 §7.1.2, RFC 9110 §6.5.1: no field that frames, routes or authenticates. */
  trailer: refuse(400, 'a trailer field that is not allowed in trailers'),
  trailerMax: refuse(400, 'the trailers are too long'),
  /** RFC 9112 §4. */
  statusLine: refuse(400, 'the status line is not HTTP/1.x STATUS REASON'),
} as const;
