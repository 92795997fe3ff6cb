// Why a packet is not accepted.
import type { Counters } from '../state/counters.js';

/** Why a packet was refused. `quiet`: nothing is logged about it. */
export interface Refusal {
  readonly text: string;
  readonly counter: keyof Counters;
  /** A packet that was meant for us and is of this VRID: evidence of a second master that we do not hear. */
  readonly foreign: boolean;
  /** Why there are two masters, where the counter tells too little. */
  readonly cause?: string;
}
