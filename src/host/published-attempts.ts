// What a daemon publishes of the attempts of each server's health checks.
import { native } from '../sys/addon.js';
import { Publication, type Published } from './publication.js';
import type { AttemptResult } from './published-check-counts.js';

export interface LastAttempt {
  /** `TCP_CHECK` */
  readonly check: string;
  readonly result: AttemptResult;
  /** Why it failed, or what succeeded; empty: nothing more is known. */
  readonly text: string;
  /** When it ended, us since 1970. */
  readonly atUs: number;
  readonly tookUs: number;
}

export interface PublishedServerAttempts {
  /** As keepalived's lines have it: `[192.0.2.1]:tcp:80`. */
  readonly virtual: string;
  /** `10.0.0.2:80` */
  readonly server: string;
  readonly results: Readonly<Record<AttemptResult, number>>;
  readonly last: LastAttempt;
}

export interface PublishedAttempts extends Published {
  readonly format: 1;
  readonly servers: readonly PublishedServerAttempts[];
}

export const publishedAttempts = new Publication<PublishedAttempts>('check-attempts', 1, 'servers');

/** Of the processes that check in this network namespace. */
export const publishedServerAttempts = (): readonly PublishedServerAttempts[] =>
  publishedAttempts.living(String(native().netnsCookie())).flatMap(({ servers }) => servers);
