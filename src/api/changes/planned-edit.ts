// What a request wants the table to be, and the plan of it. An edit of what is there is planned for the very state that it was made of: one that is a moment
// old, or half of a batch, lacks what others have made meanwhile, and its plan would take that away.
import { setTimeout } from 'node:timers/promises';
import type { DocumentPlan } from '../../control/plan/document-plan.js';
import type { PresentState } from '../../document/kept-state.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { TableDocument } from '../../model/table-document.js';
import type { ApiSources } from '../sources.js';
import { planOf } from './change-table.js';

/** A whole document, or what an edit makes of the table as it is. */
export type Wanted = TableDocument | ((state: PresentState) => TableDocument);

export interface PlannedEdit {
  readonly document: TableDocument;
  readonly plan: DocumentPlan;
}

/** Two seconds: batches of others take less. */
const [TRIES_MAX, PAUSE_MS] = [100, 20];

export const pause = (): Promise<void> => setTimeout(PAUSE_MS);

/** @throws WeirError plan-outdated: others change the table all the time; as `wanted` */
export async function plannedEdit(sources: ApiSources, wanted: Wanted): Promise<PlannedEdit> {
  if (typeof wanted !== 'function') return { document: wanted, plan: planOf(sources, wanted) };
  for (let tries = 1; ; tries += 1) {
    const state = sources.state();
    const document = wanted(state);
    const plan = planOf(sources, document);
    if (plan.base === state.base) return { document, plan };
    if (tries === TRIES_MAX) throw new WeirError('plan-outdated', { planned: state.base, present: plan.base });
    await pause();
  }
}
