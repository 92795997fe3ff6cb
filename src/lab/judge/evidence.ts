// The evidence of a run, as `weir lab --json` prints it.

import type { Step } from '../definition/lab.js';
import type { Served } from '../topology/sites.js';
import type { TrafficSum } from '../traffic/traffic.js';
import type { CommandResult, Verdict } from './judge.js';

export interface StepEvidence {
  readonly kind: Step['kind'];
  readonly say?: string;
  readonly on?: string;
  readonly command?: string;
  /** One for each repetition; for a `wait` only the last. */
  readonly results?: readonly CommandResult[];
  readonly verdicts: readonly Verdict[];
}

export interface Evidence {
  readonly lab: string;
  readonly run: string;
  readonly title: string;
  /** All steps ran and all expectations hold. */
  readonly ok: boolean;
  readonly held: number;
  readonly failed: number;
  /** Why the run ended before its last step. */
  readonly stopped?: string;
  readonly steps: readonly StepEvidence[];
  /** Packets at the switches' ports during the whole run; absent: packets were not captured. */
  readonly captures?: readonly TrafficSum[];
  /** What the servers themselves logged, by host. */
  readonly served: Readonly<Record<string, Served>>;
  /** `ipvsadm -Ln` on each director at the end. */
  readonly tables: Readonly<Record<string, string>>;
}
