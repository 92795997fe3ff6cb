// Why a packet is not accepted.
import type { Counters } from '../state/counters.js';

export interface Refusal {
  readonly text: string;
  readonly counter: keyof Counters;
  /** It was sent to us and is of this VRID: evidence of a second master whose adverts we do not accept. */
  readonly foreign: boolean;
  /** Why there are two masters, if the counter alone does not show it. */
  readonly cause?: string;
}
