// What a check must have come to.
import type { Checker } from '../../model/keepalived/virtual-server.js';

export interface Expected {
  config: Checker;
  up: boolean;
  ran: boolean;
  /** Failures that did not count yet. */
  failures: number;
  /** Rounds in a row that ended the other way than its verdict. */
  contrary: number;
  url: number;
  urlFailed: boolean;
  /** The weight that it gives its server instead of the file's, and what it adds to it. */
  readonly weight: { instead: number | undefined; added: number };
}
