// A change of the table by the API: planned, applied for the state that it was planned for, and written into the journal.
import type { DocumentOptions, DocumentPlan } from '../../control/plan/document-plan.js';
import { planDocument } from '../../control/plan/plan-document.js';
import { presentDocument } from '../../control/plan/present-document.js';
import { undoOf } from '../../control/plan/undo-document.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ServiceKey } from '../../model/service.js';
import type { TableDocument } from '../../model/table-document.js';
import type { Caller } from '../access/caller.js';
import type { ApiSources } from '../sources.js';
import { currentEtag, etagOf } from './condition.js';
import type { AppliedPlan } from './plan-book.js';
import { recordedChange } from './record-change.js';
import { whyOf } from './why.js';

export interface WantedChange {
  readonly document: TableDocument;
  readonly options: DocumentOptions;
  /** Of the document: for another state than its own it is refused. */
  readonly plan: DocumentPlan;
  readonly caller: Caller;
  /** The plan or the entry that it came of. */
  readonly of: string | null;
}

export function planOf(sources: ApiSources, document: TableDocument, options: DocumentOptions = {}): DocumentPlan {
  const plan = planDocument(document, sources.facts(), options);
  sources.applies.planned(plan.changes.length);
  return plan;
}

const UNREAD = 'the change was made, but the state after it could not be read: the reason is in the log';
const UNWATCHED = 'the packet filter and IPsec could not be looked at: the reason is in the log';

/** The change stands whatever is thrown here. */
async function warningsOf({ warnings, journal }: ApiSources, changed: readonly ServiceKey[]): Promise<readonly string[]> {
  try {
    return await warnings(changed);
  } catch (error) {
    journal.log('error', `after a change: ${whyOf(error)}`);
    return [UNWATCHED];
  }
}

/** All of it or nothing; counted. @throws WeirError as `changed` */
export const changeTable = (sources: ApiSources, wanted: WantedChange): Promise<AppliedPlan> =>
  sources.applies.counted(wanted.plan.changes.length, () => changed(sources, wanted));

/** @throws WeirError plan-outdated, plan-conflict, lock-busy, a refusal of the director; change-not-undone */
async function changed(sources: ApiSources, { document, options, plan, caller, of }: WantedChange): Promise<AppliedPlan> {
  const { base, changes, steps } = plan;
  // It is planned again under the lock: the same, or refused, as it is for the same base.
  const apply = (): Promise<DocumentPlan> => sources.apply(document, base, options);
  if (changes.length === 0) return { plan: await apply(), etag: etagOf(base), change: null, warnings: [] };
  const present = sources.state();
  if (present.base !== base) throw new WeirError('plan-outdated', { planned: base, present: present.base });
  const undo = undoOf(steps, presentDocument(present));
  const entry = { author: caller.name, before: etagOf(base), commands: changes.map(({ command }) => command), of, undo };
  const current = (): string => currentEtag(sources);
  const { made, id, after } = await recordedChange(sources, entry, apply, current);
  const warnings = await warningsOf(
    sources,
    undo.services.map(({ key }) => key),
  );
  return { plan: made, etag: after, change: id, warnings: after === null ? [UNREAD, ...warnings] : warnings };
}
