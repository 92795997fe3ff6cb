// What goes into the machine of one service's weights, and what comes out.
import type { FeedbackSettings } from '../../model/feedback/feedback-settings.js';
import type { LoadReport } from '../../model/feedback/load-report.js';
import type { LogEffect } from '../machine.js';
import type { DirectorCounters } from './window.js';

/** A server of the service as the table has it. `id`: `destinationId`. */
export interface TableServer {
  readonly id: string;
  /** As operators write it: address and port. */
  readonly name: string;
  readonly weight: number;
  /** A drain holds it: it is not measured, and its weight stays. */
  readonly held?: boolean;
  /** Its checks took it out, and it stays in the table: with what weight it comes back is decided meanwhile. */
  readonly down?: boolean;
  readonly counters: DirectorCounters;
}

/** What an earlier process wrote. `configured`: before any scale. */
export interface RememberedWeight {
  readonly configured: number;
  readonly effective: number;
  /** What it was about to write. */
  readonly writing?: number | undefined;
}

export type FeedbackInput =
  /** `remembered`: by the servers' ids. */
  | { readonly kind: 'configure'; readonly settings: FeedbackSettings; readonly remembered?: ReadonlyMap<string, RememberedWeight> }
  /** The service now; undefined: it is not there. */
  | { readonly kind: 'look'; readonly servers: readonly TableServer[] | undefined }
  | { readonly kind: 'report'; readonly server: string; readonly report: LoadReport; readonly director?: DirectorCounters }
  /** A server was asked and gave no report. */
  | { readonly kind: 'unanswered'; readonly server: string; readonly why: string }
  /** Which of the writes were made. */
  | { readonly kind: 'written'; readonly servers: readonly string[] }
  | { readonly kind: 'freeze'; readonly frozen: boolean }
  | { readonly kind: 'wake' }
  /** The configured weights come back. */
  | { readonly kind: 'stop' };

/** A weight to be written where the table still has `from`. */
export interface WeightWrite {
  readonly server: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export type FeedbackEffect = { readonly kind: 'write'; readonly writes: readonly WeightWrite[] } | LogEffect;
