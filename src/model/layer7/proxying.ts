// How a request is passed on: header fields, times, and when another server is tried. In microseconds and bytes.
import type { Template } from './template.js';

/** proxy_next_upstream. */
export const RETRY_CONDITIONS = [
  'error',
  'timeout',
  'invalid_header',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
  'non_idempotent',
] as const;
export type RetryCondition = (typeof RETRY_CONDITIONS)[number];

/** `tries`: of servers in all; 0: no limit. `timeoutUs`: for all tries; 0: no limit. No condition: nginx's `off`. */
export interface Retry {
  readonly on: readonly RetryCondition[];
  readonly tries: number;
  readonly timeoutUs: number;
}

/** `value` that comes out empty: the field is not sent (as with proxy_set_header). */
export interface FieldEdit {
  readonly name: string;
  readonly value: Template;
}

/** Times between two operations, not for a whole message, as nginx's. */
export interface UpstreamTimeouts {
  readonly connectUs: number;
  readonly sendUs: number;
  readonly readUs: number;
  /** Of a connection that was upgraded, in both directions; 0: no limit. */
  readonly upgradedUs: number;
}

export interface Proxying {
  /** Fields of the request, in place of the client's. */
  readonly requestFields: readonly FieldEdit[];
  /** Fields added to the response (add_header), in place of none. */
  readonly responseFields: readonly FieldEdit[];
  /** Fields of the response that the client does not get (proxy_hide_header). In lower case. */
  readonly hiddenFields: readonly string[];
  readonly timeouts: UpstreamTimeouts;
  readonly retry: Retry;
  /** client_max_body_size; 0: no limit. */
  readonly bodyMaxBytes: number;
  /** The whole body is read before a server is asked, so that another one can be tried. */
  readonly bufferRequest: boolean;
}
