// A change of the table by the API: planned, applied for the state that it was planned for, and written into the journal.
import type { DocumentOptions, DocumentPlan } from '../../control/plan/document-plan.js';
import { planDocument } from '../../control/plan/plan-document.js';
import { presentDocument } from '../../control/plan/present-document.js';
import { undoOf } from '../../control/plan/undo-document.js';
import type { TableDocument } from '../../model/table-document.js';
import type { Caller } from '../access/caller.js';
import type { ApiSources } from '../sources.js';
import { currentEtag, etagOf } from './condition.js';
import type { AppliedPlan } from './plan-book.js';
import { recordedChange } from './record-change.js';

export interface WantedChange {
  readonly document: TableDocument;
  readonly options: DocumentOptions;
  /** Of the plan that was shown: another state is refused. */
  readonly base: string;
  readonly caller: Caller;
  /** The plan or the entry that it came of. */
  readonly of: string | null;
}

export const planOf = (sources: ApiSources, document: TableDocument, options: DocumentOptions = {}): DocumentPlan =>
  planDocument(document, sources.facts(), options);

/** All of it or nothing. @throws WeirError plan-outdated, plan-conflict, lock-busy, a refusal of the director; change-not-undone */
export async function changeTable(sources: ApiSources, { document, options, base, caller, of }: WantedChange): Promise<AppliedPlan> {
  const before = presentDocument(sources.state());
  // The plan under the lock is the same, or is refused: it is for the same base.
  const { changes, steps } = planOf(sources, document, options);
  if (changes.length === 0) return { plan: await sources.apply(document, base, options), etag: currentEtag(sources), change: null };
  const commands = changes.map(({ command }) => command);
  const entry = { author: caller.name, before: etagOf(base), commands, of, undo: undoOf(steps, before) };
  const current = (): string => currentEtag(sources);
  const { made, id, after } = await recordedChange(sources, entry, () => sources.apply(document, base, options), current);
  return { plan: made, etag: after, change: id };
}
