// What is configured in the table, with the name of that state, for a process that is asked for it again and again: it is read again where the
// table, a record of feedback or a daemon's file is another one.
import { tableBase } from '../control/plan/table-base.js';
import type { TableFacts } from '../control/plan/table-facts.js';
import type { ObservedDatapath } from '../datapath/ebpf/observe/observer.js';
import { feedbackStamp } from '../host/feedback-files.js';
import { runningStamp } from '../host/running-daemon.js';
import { native } from '../sys/addon.js';
import { emptyFacts, presentFacts, refuseOther } from './observed-facts.js';
import { tableOwners } from './table-facts.js';

export interface PresentState extends Pick<TableFacts, 'present' | 'owners' | 'timeouts'> {
  /** Equal for equal states: an ETag. */
  readonly base: string;
}

interface Kept {
  readonly state: PresentState;
  readonly of: ObservedDatapath;
  readonly stamp: string;
}

export class KeptState {
  #kept: Kept | undefined;

  constructor(readonly observe: () => ObservedDatapath) {}

  /** @throws WeirError datapath-build-before, takeover-elsewhere, datapath-other-build; SystemError */
  readonly read = (): PresentState => {
    const observed = this.observe();
    const stamp = stampOf(observed);
    if (stamp !== undefined && this.#kept?.of === observed && this.#kept.stamp === stamp) return this.#kept.state;
    const state = stateOf(observed);
    this.#kept = stamp === undefined || stamp !== stampOf(observed) ? undefined : { state, of: observed, stamp };
    return state;
  };
}

/** undefined: it may be another one without a trace of that. */
function stampOf(observed: ObservedDatapath): string | undefined {
  if (observed.kind !== 'loaded') return undefined;
  const [generation, feedback, daemons] = [
    observed.reader.settledGeneration,
    feedbackStamp(),
    runningStamp(String(native().netnsCookie())),
  ];
  return generation === undefined || feedback === undefined || daemons === undefined ? undefined : `${generation} ${feedback} ${daemons}`;
}

function stateOf(observed: ObservedDatapath): PresentState {
  refuseOther(observed);
  const { present, timeouts } = observed.kind === 'loaded' ? presentFacts(observed.reader) : emptyFacts;
  const { owners } = tableOwners(observed);
  return { present, owners, timeouts, base: tableBase({ present, owners, timeouts }) };
}
