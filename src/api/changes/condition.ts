// If-Match (RFC 9110): a change names the state that it was made for.
import type { DocumentPlan } from '../../control/plan/document-plan.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ApiSources } from '../sources.js';

const DIFFERENCE_MAX = 100;

export const etagOf = (base: string): string => `"${base}"`;

export const currentEtag = (sources: Pick<ApiSources, 'state'>): string => etagOf(sources.state().base);

/** Does a condition allow any state? */
export const isAnyState = (given: string | undefined): boolean => tagsOf(given ?? '').includes('*');

const tagsOf = (given: string): readonly string[] => given.split(',').map((tag) => tag.trim());

/** `difference`: the commands that the change would be by now. @throws WeirError api-condition-missing, api-stale */
export function checkCondition(given: string | undefined, { base, changes }: Pick<DocumentPlan, 'base' | 'changes'>): void {
  checkTag(given, etagOf(base), () => changes.slice(0, DIFFERENCE_MAX).map(({ command }) => command));
}

/** @throws WeirError api-condition-missing, api-stale */
export function checkTag(given: string | undefined, current: string, difference: () => readonly string[] = () => []): void {
  if (given === undefined) throw new WeirError('api-condition-missing');
  // weir plan prints the base without quotation marks.
  const names = (tag: string): boolean => tag === '*' || tag === current || etagOf(tag) === current;
  if (!tagsOf(given).some(names)) throw new WeirError('api-stale', { given, current, difference: difference() });
}
