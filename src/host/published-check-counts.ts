// What a daemon publishes of the attempts of its health checks, by kind.
import type { TimeClasses } from '../model/class-counts.js';
import { Publication, type Published } from './publication.js';

export const ATTEMPT_RESULTS = ['success', 'failure', 'not-made', 'abandoned'] as const;
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];

export interface PublishedCheckKind {
  /** `TCP_CHECK` */
  readonly check: string;
  readonly results: Readonly<Record<AttemptResult, number>>;
  /** From an attempt's begin to its outcome. */
  readonly durations: TimeClasses;
}

export interface PublishedCheckCounts extends Published {
  readonly format: 1;
  readonly kinds: readonly PublishedCheckKind[];
  /** How much later than it was due an attempt began. */
  readonly lateness: TimeClasses;
}

export const publishedCheckCounts = new Publication<PublishedCheckCounts>('check-counts', 1, 'kinds');
