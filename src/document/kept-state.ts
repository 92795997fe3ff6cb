// What is configured in the table, with the name of that state, for a process that is asked for it again and again: it is read again where the
// table, a record of feedback or a daemon's file is another one.
import { tableBase } from '../control/plan/table-base.js';
import type { TableFacts } from '../control/plan/table-facts.js';
import type { ReadMoment } from '../datapath/ebpf/observe/kept-services.js';
import type { ObservedDatapath } from '../datapath/ebpf/observe/observer.js';
import { feedbackStamp } from '../host/feedback-files.js';
import { runningStamp } from '../host/running-daemon.js';
import { native } from '../sys/addon.js';
import { systemClock } from '../sys/clock.js';
import { emptyFacts, observedPresent, refuseOther } from './observed-facts.js';
import { tableOwners } from './table-facts.js';

export interface PresentState extends Pick<TableFacts, 'present' | 'owners' | 'files' | 'timeouts'> {
  /** Equal for equal states: an ETag. */
  readonly base: string;
}

interface Kept {
  readonly state: PresentState;
  readonly of: ObservedDatapath;
  readonly stamp: Stamp;
}

/** Equal for states that are equal. */
interface Stamp extends ReadMoment {
  /** Of what is not in the table. */
  readonly files: string;
}

export class KeptState {
  #kept: Kept | undefined;

  constructor(readonly observe: () => ObservedDatapath) {}

  /**
   * While a change of the table is under way, the state before it, as the reader's services are.
   * @throws WeirError datapath-build-before, takeover-elsewhere, datapath-other-build; SystemError
   */
  readonly read = (): PresentState => {
    const observed = this.observe();
    const found = this.#found(observed);
    if (found !== undefined) return found;
    const stamp = stampOf(observed);
    const state = stateOf(observed);
    const after = stampOf(observed);
    this.#kept = stamp === undefined || after === undefined || !areEqual(stamp, after) ? undefined : { state, of: observed, stamp };
    return state;
  };

  /** Reads nothing: what is kept was right at this moment, too, or it is not answered with during the next batch of changes. */
  verify(): void {
    this.#found(this.observe());
  }

  #found(observed: ObservedDatapath): PresentState | undefined {
    if (this.#kept?.of !== observed || observed.kind !== 'loaded') return undefined;
    const { state, stamp } = this.#kept;
    const now = stampOf(observed);
    if (now === undefined) return filesStamp() === stamp.files && observed.reader.stands(stamp) ? state : undefined;
    if (!areEqual(now, stamp)) return undefined;
    this.#kept = { state, of: observed, stamp: now };
    return state;
  }
}

const areEqual = (one: Stamp, other: Stamp): boolean => one.generation === other.generation && one.files === other.files;

function filesStamp(): string | undefined {
  const [feedback, daemons] = [feedbackStamp(), runningStamp(String(native().netnsCookie()))];
  return feedback === undefined || daemons === undefined ? undefined : `${feedback} ${daemons}`;
}

/** undefined: it may be another one without a trace of that. */
function stampOf(observed: ObservedDatapath): Stamp | undefined {
  if (observed.kind !== 'loaded') return undefined;
  const atMs = systemClock.now();
  const [generation, files] = [observed.reader.settledGeneration, filesStamp()];
  return generation === undefined || files === undefined ? undefined : { generation, files, atMs };
}

function stateOf(observed: ObservedDatapath): PresentState {
  refuseOther(observed);
  const { present, timeouts } = observed.kind === 'loaded' ? observedPresent(observed.reader) : emptyFacts;
  const { owners, files } = tableOwners(observed);
  return { present, owners, files, timeouts, base: tableBase({ present, owners, timeouts }) };
}
