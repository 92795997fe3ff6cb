// The packet filter of the host has the last word on a packet that passes it before it is balanced.
import type { ExplainedFilter, Explanation } from './explanation.js';

const WHY = { dropped: 'a rule there drops it', elsewhere: 'a rule there leads it elsewhere' } as const;

export function filteredBy(explanation: Explanation, filter: ExplainedFilter): Explanation {
  const { fate } = filter;
  if (fate === 'accepted' || fate === 'uncertain') return { ...explanation, filter };
  const why = `${explanation.why}, and ${WHY[fate]}`;
  return { ...explanation, ...(fate === 'dropped' ? { verdict: 'dropped' } : {}), why, filter, accepted: null };
}
