// A document's plan on standard output.
import type { DocumentPlan } from '../../control/plan/document-plan.js';
import { documentPlanText } from '../../control/plan/document-plan-text.js';
import type { FilePlan } from '../../control/plan/file-plan.js';
import type { Json } from '../../model/json.js';
import type { Io } from '../io.js';

/** `more`: what stands before it in JSON. */
export function printPlan(
  plan: DocumentPlan | FilePlan,
  { json, all, file }: { readonly json: boolean; readonly all: boolean; readonly file: string },
  io: Io,
  more: Readonly<Record<string, Json>> = {},
): void {
  if (json) {
    const { steps: _steps, vipSteps: _vipSteps, ownVips: _ownVips, ...shown } = { vipSteps: [], ownVips: [], ...plan };
    io.out(`${JSON.stringify({ file, ...more, ...shown })}\n`);
    return;
  }
  io.out(`${file} for the table with base ${plan.base}\n`);
  for (const line of documentPlanText(plan, { all })) io.out(`${line}\n`);
}
