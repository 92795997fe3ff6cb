// The heads that this hop sends on: the kept lines, one length of our own making, and what RFC 9110 §7.6 wants of an intermediary.
import { CHUNKED } from './body.js';
import type { RequestHead } from './request-head.js';
import type { ResponseHead } from './response-head.js';

/** What a request's new head has of this hop. */
export interface ForwardedRequest {
  /** The client's address, without brackets. */
  readonly client: string;
  readonly proto: 'http' | 'https';
  /** Send X-Forwarded-For, behind what earlier hops wrote, and X-Forwarded-Proto. */
  readonly addsForwarded: boolean;
  /** For requests without Host. */
  readonly hostOfNone: string;
  /** The protocol to ask the server for; empty: none. */
  readonly upgrade: string;
  /** The server is to close its connection after the answer. */
  readonly closes: boolean;
}

const VIA = 'weir';

function connectionOf({ upgrade, closes }: ForwardedRequest, takesTrailers: boolean): string {
  if (upgrade !== '') return `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`;
  if (takesTrailers) return `TE: trailers\r\nConnection: TE${closes ? ', close' : ''}\r\n`;
  return closes ? 'Connection: close\r\n' : '';
}

function lengthOf({ method, body }: RequestHead): string {
  if (body === CHUNKED) return 'Transfer-Encoding: chunked\r\n';
  // RFC 9110 §8.6: a method with a meaning for a body is sent with a length, 0 too
  return body > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH' ? `Content-Length: ${body}\r\n` : '';
}

function forwardedOf({ forwardedFor }: RequestHead, { client, proto, addsForwarded }: ForwardedRequest): string {
  if (!addsForwarded) return '';
  const addresses = forwardedFor !== '' ? `${forwardedFor}, ${client}` : client;
  return `X-Forwarded-For: ${addresses}\r\nX-Forwarded-Proto: ${proto}\r\n`;
}

/** A whole head with its empty line. `target`: that of the head, or what a route made of it. */
export function forwardedRequest(head: RequestHead, hop: ForwardedRequest, target: string = head.target): string {
  const host = head.host === '' ? `Host: ${hop.hostOfNone}\r\n` : '';
  const expect = head.expectsContinue ? 'Expect: 100-continue\r\n' : '';
  return `${head.method} ${target} HTTP/1.1\r\n${host}${head.lines}${lengthOf(head)}${expect}${connectionOf(hop, head.takesTrailers)}${forwardedOf(head, hop)}Via: 1.${head.minor} ${VIA}\r\n\r\n`;
}

/** How the body reaches the client. */
export type ClientCoding = 'length' | 'chunked' | 'close';

/** What a response's new head has of the client's connection. */
export interface ForwardedResponse {
  readonly coding: ClientCoding;
  /** The connection ends after the answer. */
  readonly closes: boolean;
  /** A client of HTTP/1.0 that asked to keep the connection. */
  readonly isOldVersion: boolean;
  readonly extra: string;
}

function responseLength({ body, hasBody, describedLength }: ResponseHead, coding: ClientCoding): string {
  if (!hasBody) return describedLength < 0 ? '' : `Content-Length: ${describedLength}\r\n`;
  if (coding === 'chunked') return 'Transfer-Encoding: chunked\r\n';
  return coding === 'close' ? '' : `Content-Length: ${body}\r\n`;
}

/** A whole head with its empty line, for a final answer. */
export function forwardedResponse(head: ResponseHead, { coding, closes, isOldVersion, extra }: ForwardedResponse): string {
  const connection = closes ? 'Connection: close\r\n' : isOldVersion ? 'Connection: keep-alive\r\n' : '';
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.lines}${responseLength(head, coding)}${connection}${extra}\r\n`;
}

/** A 1xx; of a 101 with the protocol that was changed to. `extra`: more lines, each with its CRLF. */
export function forwardedInterim({ status, reason, lines, upgrade }: ResponseHead, extra = ''): string {
  const connection = status === 101 ? `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n` : '';
  return `HTTP/1.1 ${status} ${reason}\r\n${lines}${connection}${extra}\r\n`;
}
