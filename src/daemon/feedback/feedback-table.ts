// Where the weights are that feedback moves: the service's table of layer 4, or a pool of a proxy.
import type { TableServer, WeightWrite } from '../../control/feedback/messages.js';
import type { DirectorCounters } from '../../control/feedback/window.js';
import type { ReadReport } from '../../model/feedback/load-report.js';
import type { DestinationKey } from '../../model/service.js';

export interface LookedAt {
  readonly scheduler: string;
  readonly servers: readonly TableServer[];
  /** Where each is asked, by id. */
  readonly places: ReadonlyMap<string, DestinationKey>;
  /** What the table itself measured since the last look, by id. */
  readonly reports?: ReadonlyMap<string, ReadReport>;
}

export interface FeedbackTable {
  /** What is logged while `look` finds nothing; undefined: an answer is awaited. */
  readonly missing: string | undefined;
  look(): LookedAt | undefined;
  /** Exact, now. */
  counters(): ReadonlyMap<string, DirectorCounters>;
  /** Which servers' weights were written: those that still had the weight from which the change begins. @throws SystemError */
  write(writes: readonly WeightWrite[], scale: number): readonly string[];
  close(): void;
}
