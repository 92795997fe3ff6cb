// One reason why destinations are not served, and how findings are made of many of them: one fact is one finding.
import type { Finding, FindingSeverity } from '../../../../model/finding.js';
import type { DestinationSpec } from '../../../../model/service.js';
import type { ServiceFact } from '../../../facts.js';
import { placeText } from '../../../network.js';

export type Repair = Pick<Finding, 'cause' | 'fix' | 'on' | 'advice'>;

/** `verb`: what the destination does not do, of one and of many: `does not answer`, `do not answer`. */
export interface Verdict extends Repair {
  readonly code: string;
  readonly verb: readonly [string, string];
}

export interface Judged {
  readonly service: ServiceFact;
  readonly destination: DestinationSpec;
  readonly verdict: Verdict;
}

export const NO_ANSWER = ['does not answer', 'do not answer'] as const;

/** Findings about servers: those with the same cause and repair are one; a quiesced server may be down on purpose. */
export function findingsOf(judged: readonly Judged[], severity: FindingSeverity = 'error'): readonly Finding[] {
  const groups = new Map<string, Judged[]>();
  for (const one of judged) {
    const { code, cause, fix, on, advice } = one.verdict;
    const key = [code, cause, fix, on, advice].join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].map((group): Finding => {
    const [first] = group as [Judged];
    const { verb, ...rest } = first.verdict;
    const quiesced = group.every(({ destination }) => destination.weight === 0);
    const place = placeText(first.service, first.destination);
    const what = group.length === 1 ? `${place} ${verb[0]}` : `${place} and ${group.length - 1} more ${verb[1]}`;
    return { severity: quiesced ? 'info' : severity, what, ...rest };
  });
}
