// What a daemon publishes of the attempts of its health checks, by kind.
import { Publication, type Published } from './publication.js';

export const ATTEMPT_RESULTS = ['success', 'failure', 'not-made', 'abandoned'] as const;
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];

/** Values by class: how many were at most each bound, and above the last one. */
export interface Classes {
  /** Ascending. */
  readonly boundsUs: readonly number[];
  readonly counts: readonly number[];
  readonly sumUs: number;
}

export interface PublishedCheckKind {
  /** `TCP_CHECK` */
  readonly check: string;
  readonly results: Readonly<Record<AttemptResult, number>>;
  /** From an attempt's begin to its outcome. */
  readonly durations: Classes;
}

export interface PublishedCheckCounts extends Published {
  readonly format: 1;
  readonly kinds: readonly PublishedCheckKind[];
  /** How much later than it was due an attempt began. */
  readonly lateness: Classes;
}

export const publishedCheckCounts = new Publication<PublishedCheckCounts>('check-counts', 1, 'kinds');
