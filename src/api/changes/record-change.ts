// A change with its entry in the journal, which is there before it; who has a stream of events gets one after it.
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Caller } from '../access/caller.js';
import type { ApiSources } from '../sources.js';
import { currentEtag } from './condition.js';
import type { JournalEntry } from './journal.js';

export interface RecordedChange<Made> {
  readonly made: Made;
  /** Its entry. */
  readonly id: string;
  /** The state then; null: it could not be read, which changes nothing of what was made. The log has why. */
  readonly after: string | null;
}

/** `make`: the change; `after`: the state then. @throws WeirError api-journal; as `make`: then there is no entry */
export async function recordedChange<Made>(
  sources: ApiSources,
  change: Omit<JournalEntry, 'id' | 'at' | 'after'>,
  make: () => Promise<Made>,
  after: () => string,
): Promise<RecordedChange<Made>> {
  const id = sources.newId();
  const at = new Date(sources.now()).toISOString();
  sources.journal.begin({ id, at, ...change });
  const made = await unlessRefused(sources, id, make);
  const state = ended(sources, id, after);
  const { before, of } = change;
  sources.events.push('change', { id, at, before, after: state, of });
  return { made, id, after: state };
}

/** As recordedChange, of what changes no configuration: the state is the same before and after. */
export async function recordedWithoutState<Made>(sources: ApiSources, caller: Caller, command: string, make: () => Promise<Made>) {
  const etag = currentEtag(sources);
  const entry = { author: caller.name, before: etag, commands: [command], of: null, undo: null };
  return await recordedChange(sources, entry, make, () => etag);
}

/** Where a change was made and could not be taken back, its entry stays as one of which it is not known what became of it. */
async function unlessRefused<Made>({ journal }: ApiSources, id: string, make: () => Promise<Made>): Promise<Made> {
  try {
    return await make();
  } catch (error) {
    if (!isWeirError(error, 'change-not-undone')) journal.end(id, undefined);
    throw error;
  }
}

/** What was made stands, also where the state after it cannot be read, as where the table was unloaded meanwhile. */
function ended({ journal }: ApiSources, id: string, after: () => string): string | null {
  let state: string;
  try {
    state = after();
  } catch (error) {
    journal.made(id, error);
    return null;
  }
  journal.end(id, state);
  return state;
}
