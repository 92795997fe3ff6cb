// What a server reports of its load. Counters, not averages: the director takes differences over its own window.

/** Something of a server that may be busy: so much of its time was, of so much so far, both in one unit of the server's choice. */
export interface ResourceCounter {
  readonly name: string;
  readonly busy: number;
  readonly total: number;
}

export interface LoadCounters {
  /** The server's own monotonic clock, us. */
  readonly clockUs?: number;
  /** Another text: the counters began again (a restart, a reboot). */
  readonly run?: string;
  /** Of several the busiest one counts. */
  readonly resources: readonly ResourceCounter[];
  /** Requests, or connections, that the server completed so far. Absent: the director counts connections itself. */
  readonly completed?: number;
}

/** What an operator decided on the server itself: no new connections, or connections again. `why`: in the server's words. */
export type AdminState = { readonly kind: 'ready' } | { readonly kind: 'drain'; readonly why: string };

/**
 * One answer of a server. `counters` fits best. `busy`: the busy share now, 0 to 1, as others average it. `percent`: of the configured
 * weight, as the server itself decided. `state` may come with each.
 */
export interface LoadReport {
  readonly counters?: LoadCounters;
  readonly busy?: number;
  readonly percent?: number;
  readonly state?: AdminState;
}

/** An answer that was read, or what is wrong with it. */
export type ReadReport = { readonly kind: 'report'; readonly report: LoadReport } | { readonly kind: 'wrong'; readonly why: string };

export const wrongReport = (why: string): ReadReport => ({ kind: 'wrong', why });
