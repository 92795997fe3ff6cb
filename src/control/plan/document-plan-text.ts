// A document's plan as text for people: a line for each thing that changes, what stays as counts, and what becomes of live connections.
import { counted } from '../../model/counted.js';
import type { DocumentPlan, OtherService, PlannedChange } from './document-plan.js';
import type { FilePlan, PlannedVip, RefusedVip } from './file-plan.js';
import { changesText, type PlanTextOptions, section, serviceLines, settingsText, vipLine } from './plan-text.js';

const otherText = ({ service, keptFor, connections }: OtherService): string =>
  `  = ${service} stays as it is: ${keptFor}${connections === 0 ? '' : `; ${counted(connections, 'connection')} kept`}`;

const conflictText = ({ service, keptFor }: OtherService): string =>
  `  ! ${service} is served by ${keptFor}: have it in one of the two files`;

export const refusedText = ({ vip, reason }: RefusedVip): string => `  ! ${vip}: ${reason}`;

/** What stays is a count, but for what weir does not keep for the file. */
function vipLines(vips: readonly PlannedVip[], { all }: PlanTextOptions): readonly string[] {
  const isQuiet = ({ action, keptFor }: PlannedVip): boolean => !all && action === 'keep' && keptFor === undefined;
  const quiet = vips.filter(isQuiet).length;
  const lines = vips.filter((vip) => !isQuiet(vip)).map(vipLine);
  return quiet === 0 ? lines : [...lines, `  = ${counted(quiet, 'VIP')} as before`];
}

const withheldText = ({ kind, service, server, vip }: PlannedChange): string =>
  `  ! ${[kind, service, server, vip].filter((part) => part !== undefined).join(' ')}`;

function summary(plan: DocumentPlan): string {
  const { changes, templates } = plan;
  if (changes.length === 0) return 'nothing changes';
  const ended = templates.ended === 0 ? '' : `; ${counted(templates.ended, 'persistence template')} ended`;
  return `${changesText([[changes.length, 'change', 'changes']], plan)}${ended}`;
}

/** Lines without their ends. */
export function documentPlanText(plan: DocumentPlan | FilePlan, options: PlanTextOptions): readonly string[] {
  const { vips, refused } = { vips: [], refused: [], ...plan };
  return [
    ...section('services of others', plan.others.map(otherText)),
    ...section('conflicts', [...plan.conflicts.map(conflictText), ...refused.map(refusedText)]),
    ...section('services', serviceLines(plan, options)),
    ...section('VIPs', vipLines(vips, options)),
    ...section('settings', plan.settings.map(settingsText)),
    ...section('not allowed, so not done', plan.withheld.map(withheldText)),
    summary(plan),
  ];
}
