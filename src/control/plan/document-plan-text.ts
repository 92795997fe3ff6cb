// A document's plan as text for people: a line for each thing that changes, what stays as counts, and what becomes of live connections.
import { counted } from '../../model/counted.js';
import type { DocumentPlan, OtherService, PlannedChange } from './document-plan.js';
import { changesText, type PlanTextOptions, section, serviceLines, settingsText } from './plan-text.js';

const otherText = ({ service, keptFor, connections }: OtherService): string =>
  `  = ${service} stays as it is: ${keptFor}${connections === 0 ? '' : `; ${counted(connections, 'connection')} kept`}`;

const conflictText = ({ service, keptFor }: OtherService): string =>
  `  ! ${service} is served by ${keptFor}: have it in one of the two files`;

const withheldText = ({ kind, service, server }: PlannedChange): string =>
  `  ! ${[kind, service, server].filter((part) => part !== undefined).join(' ')}`;

function summary({ changes, connections, templates }: DocumentPlan): string {
  if (changes.length === 0) return 'nothing changes';
  const ended = templates.ended === 0 ? '' : `; ${counted(templates.ended, 'persistence template')} ended`;
  return `${changesText([[changes.length, 'change', 'changes']], connections)}${ended}`;
}

/** Lines without their ends. */
export function documentPlanText(plan: DocumentPlan, options: PlanTextOptions): readonly string[] {
  return [
    ...section('services of others', plan.others.map(otherText)),
    ...section('conflicts', plan.conflicts.map(conflictText)),
    ...section('services', serviceLines(plan, options)),
    ...section('settings', plan.settings.map(settingsText)),
    ...section('not allowed, so not done', plan.withheld.map(withheldText)),
    summary(plan),
  ];
}
