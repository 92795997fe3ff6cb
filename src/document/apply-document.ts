// Makes the table what a document states: all of it or nothing, and nothing where the table is not the one that was planned for.
import type { DocumentOptions, DocumentPlan, DocumentStep } from '../control/plan/document-plan.js';
import { planDocument } from '../control/plan/plan-document.js';
import type { TableFacts } from '../control/plan/table-facts.js';
import { applyChange } from '../datapath/apply-change.js';
import type { Director } from '../datapath/director.js';
import { WeirError } from '../model/errors/weir-error.js';
import type { TableDocument } from '../model/table-document.js';
import { presentFacts } from './observed-facts.js';

function applyStep(director: Director, step: DocumentStep): void {
  if (step.kind === 'set-timeouts') director.setTimeouts(step.timeouts);
  else applyChange(director, step);
}

export interface ApplyOptions {
  /** Of the plan that was shown. */
  readonly base: string;
  readonly unlocked: UnlockedFacts;
  readonly options?: DocumentOptions;
  /** Done after the table's changes; where it throws, they are undone. */
  readonly also?: () => void;
}

/** What is not read again under the lock. */
export type UnlockedFacts = Pick<TableFacts, 'connections' | 'services' | 'owners' | 'files' | 'checked' | 'lastWeights'>;

/**
 * The plan is made again under the lock, so that it is of the table that is changed. Returns it.
 * @throws WeirError plan-outdated, plan-conflict, or a refusal of the director, as `also`: nothing was changed; change-not-undone
 */
export function applyDocument(
  director: Director,
  document: TableDocument,
  { base, unlocked, options = {}, also }: ApplyOptions,
): DocumentPlan {
  return director.exclusively(() => {
    const plan = planDocument(document, { ...unlocked, ...presentFacts(director) }, options);
    if (plan.base !== base) throw new WeirError('plan-outdated', { planned: base, present: plan.base });
    const [conflict] = plan.conflicts;
    if (conflict !== undefined) throw new WeirError('plan-conflict', conflict);
    director.atomically(() => {
      for (const step of plan.steps) applyStep(director, step);
      also?.();
    });
    return plan;
  });
}
