// What a daemon publishes of its sessions of BFD. Times: us since 1970; 0: from the start.
import type { BfdSessionFacts } from '../model/keepalived/bfd-session.js';
import type { BfdState } from '../wire/bfd.js';
import { Publication, type Published } from './publication.js';

export interface PublishedBfdSession extends BfdSessionFacts {
  readonly state: BfdState;
  readonly remoteState: BfdState;
  /** When it came into its state. */
  readonly sinceUs: number;
  /** In force now: so often it sends, and after so much silence it goes down, us; 0: nothing was received. */
  readonly transmitUs: number;
  readonly detectionUs: number;
}

export interface PublishedBfd extends Published {
  readonly format: 1;
  readonly sessions: readonly PublishedBfdSession[];
  /** Packets that were refused, by reason; those that are 0 are absent. */
  readonly refused: Readonly<Record<string, number>>;
}

export const publishedBfd = new Publication<PublishedBfd>('bfd', 1, 'sessions');
