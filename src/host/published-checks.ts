// What a daemon publishes of the health of its servers. Times: us since 1970; 0: not known, or from the start.
import { Publication, type Published } from './publication.js';

export interface PublishedFailure {
  /** `TCP_CHECK` */
  readonly check: string;
  readonly reason: string;
  readonly sinceUs: number;
}

export interface PublishedReal {
  /** `10.0.0.2:80` */
  readonly server: string;
  readonly up: boolean;
  /** Of this state. */
  readonly sinceUs: number;
  /** Effective. */
  readonly weight: number;
  /** How many checks it has, and how many of them gave no verdict yet. */
  readonly checks: number;
  readonly unchecked: number;
  readonly failed: readonly PublishedFailure[];
}

export interface PublishedServer {
  /** `[192.0.2.1]:tcp:80` */
  readonly name: string;
  readonly quorumUp: boolean;
  readonly quorum: number;
  /** Of the servers that are up. */
  readonly weight: number;
  /** The sorry server serves. */
  readonly sorry: boolean;
  /** ha_suspend: its checks wait. */
  readonly suspended: boolean;
  readonly reals: readonly PublishedReal[];
}

export interface PublishedChecks extends Published {
  readonly format: 1;
  readonly servers: readonly PublishedServer[];
}

export const publishedChecks = new Publication<PublishedChecks>('checks', 1, 'servers');
