// What the proxy asks of routes and pools: where a request goes, which server is next, and what came of it.
import type { Address } from '../../model/address.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { Pool, PoolServer } from '../../model/layer7/pool.js';
import type { Proxying } from '../../model/layer7/proxying.js';
import type { RequestHead } from '../../wire/http/request-head.js';
import type { ResponseHead } from '../../wire/http/response-head.js';

/** A request with what is known of its client. */
export interface Asked {
  readonly head: RequestHead;
  readonly client: Address;
  /** As text, without brackets. */
  readonly clientText: string;
  readonly clientPort: number;
  readonly listener: Listener;
  /** Where the client connected to. */
  readonly serverAddress: Address;
  /** The name that TLS asked for, in lower case. */
  readonly serverName: string | undefined;
}

export const schemeOf = ({ tls }: Listener): 'http' | 'https' => (tls === undefined ? 'http' : 'https');

/** What came of asking a server. */
export type Outcome = 'answered' | 'failed' | 'abandoned';

/** The servers of one request, in the order in which they are tried. */
export interface Choice {
  /** The next server that was not tried for this request; undefined: there is none. `nowUs`: monotonic. */
  next(nowUs: number): PoolServer | undefined;
  /** Why `next` found none: how many servers of the pool have which reason; empty: it has no server. */
  whyNone(nowUs: number): string;
  /** The server that `next` gave last sent the head of the answer that the client gets. */
  answered(head: ResponseHead, nowUs: number): void;
  /** The server that `next` gave last has nothing more of this request; once for each. */
  ended(outcome: Outcome, nowUs: number): void;
}

/** A request that goes to a pool. */
export interface ToPool {
  readonly kind: 'pool';
  readonly pool: Pool;
  readonly choice: Choice;
  readonly proxying: Proxying;
  /** What is asked of the server; undefined: the target as it came. */
  readonly target: string | undefined;
  /** The request's lines in place of the client's; undefined: those. Host, X-Forwarded-For and X-Forwarded-Proto are added by `addsForwarded`. */
  readonly lines: string | undefined;
  /** The fields that the proxy adds by itself: of the defaults. */
  readonly addsForwarded: boolean;
  /** Lines that are added to the answer, each with its CRLF. */
  answerLines(server: PoolServer): string;
}

/** A request that the proxy answers. */
export interface ToAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly body: string;
  /** Of a redirect. */
  readonly location?: string;
  /** Fields of the route, each line with its CRLF. */
  readonly lines?: string;
  /** Of a request that is wrong, for the log. */
  readonly cause?: string;
}

export interface Router {
  route(asked: Asked): ToPool | ToAnswer;
}
