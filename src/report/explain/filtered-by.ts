// The packet filter of the host has the last word on a packet that passes it before it is balanced.
import { type ExplainedFilter, type Explanation, NOWHERE } from './explanation.js';

const WHY = { dropped: 'a rule there drops it', elsewhere: 'a rule there leads it elsewhere' } as const;

export function filteredBy(explanation: Explanation, filter: ExplainedFilter): Explanation {
  const { fate } = filter;
  if (fate === 'accepted' || fate === 'uncertain') return { ...explanation, filter };
  const why = `${explanation.why}, and ${WHY[fate]}`;
  return { ...explanation, ...(fate === 'dropped' ? { verdict: 'dropped' } : {}), why, filter, accepted: null };
}

/** Of what a mark leads to weir's own device, which the kernel forwards there. */
export function forwardedBy(explanation: Explanation, filter: ExplainedFilter): Explanation {
  const { fate, rules } = filter;
  if (fate === 'accepted') return explanation;
  if (fate === 'dropped') {
    const why =
      'its mark leads it to weir0, and the packet filter of this host drops it before: weir does not get it, and does not count it';
    return { ...explanation, ...NOWHERE, verdict: 'dropped', why, filter, uncertain: [] };
  }
  const by = rules.length === 0 ? (filter.unread ?? '') : rules.join(', ');
  const text = `the packet filter of this host may drop it, or lead it elsewhere, on its way to weir0: ${by}`;
  return { ...explanation, uncertain: [...explanation.uncertain, text] };
}
