// One request as the access log has it: what was asked, what was answered, by which server, how long it took, and why it ended as it did.
import type { Address } from '../../model/address.js';
import { fieldValue } from '../../wire/http/fields.js';
import type { RequestHead } from '../../wire/http/request-head.js';

/** Why a request ended. `done`: its answer was sent whole. */
export type Ending =
  | 'done'
  /** Answered by the proxy: see `cause`. */
  | 'refused'
  | 'no-server'
  | 'connect-failed'
  | 'connect-timeout'
  | 'server-closed'
  | 'server-invalid'
  | 'server-timeout'
  | 'client-closed'
  | 'client-timeout'
  | 'tunnel-closed'
  | 'tunnel-timeout'
  | 'drained';

/** The status of a request whose client went away before an answer, as nginx logs it. */
export const CLIENT_CLOSED = 499;

export interface AccessRecord {
  readonly client: Address;
  readonly clientPort: number;
  /** Monotonic: when the request's first byte was handled, and how long after it each phase ended; -1: it did not. */
  readonly startUs: number;
  readonly headUs: number;
  readonly endUs: number;
  /** Empty where no request line could be read. */
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  readonly host: string;
  readonly referer: string;
  readonly agent: string;
  /** 0: nothing was answered. */
  readonly status: number;
  /** Of the answer, with its head. */
  readonly bytes: number;
  /** Without its head, framed as it was sent. */
  readonly bodyBytes: number;
  readonly pool: string;
  /** The last one that was asked; empty: none. */
  readonly server: string;
  /** How many servers were asked. */
  readonly tries: number;
  /** Of the last server: an earlier request's connection. */
  readonly reused: boolean;
  readonly ending: Ending;
  /** In words; empty where `ending` is all. */
  readonly cause: string;
}

/** What a record has of a request that no server was asked for. `head`: undefined: it could not be read. */
export const recordOfHead = (
  head: RequestHead | undefined,
): Omit<AccessRecord, 'client' | 'clientPort' | 'startUs' | 'endUs' | 'bytes' | 'bodyBytes'> => ({
  headUs: -1,
  method: head?.method ?? '',
  target: head?.target ?? '',
  minor: head?.minor ?? 1,
  host: head?.host ?? '',
  referer: fieldValue(head?.lines ?? '', 'referer') ?? '',
  agent: fieldValue(head?.lines ?? '', 'user-agent') ?? '',
  status: 0,
  pool: '',
  server: '',
  tries: 0,
  reused: false,
  ending: 'done',
  cause: '',
});
