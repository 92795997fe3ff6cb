// Firewall rules that do not apply to balanced packets: weir balances in front of netfilter.

import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts, FilterRule, ServiceFact } from '../../facts.js';
import { contains, serviceText } from '../../network.js';

/** Whether the rule matches packets for this service: by its VIP, or by its port on any address. */
function touches(rule: FilterRule, { spec }: ServiceFact): boolean {
  const { key } = spec;
  if (key.kind !== 'address' || (rule.protocol !== undefined && rule.protocol !== key.protocol)) return false;
  const named = rule.destinations.some((network) => contains(network, key.address));
  const port = rule.ports.some(({ from, to }) => key.port >= from && key.port <= to);
  if (rule.destinations.length > 0) return named && (rule.ports.length === 0 || port || key.port === 0);
  return port;
}

const EFFECT: Readonly<Record<FilterRule['verdict'], string>> = {
  drop: 'packets that it should drop are served',
  reject: 'packets that it should reject are served',
  accept: 'a default of drop after it protects nothing',
  nat: 'it rewrites nothing',
  other: 'it counts and limits nothing',
};

export function filtersRule(facts: DirectorFacts): readonly Finding[] {
  return facts.filters.flatMap((rule) => {
    const services = facts.services.filter((service) => touches(rule, service));
    const [first] = services;
    return first === undefined
      ? []
      : [
          {
            severity: rule.verdict === 'accept' || rule.verdict === 'other' ? 'info' : 'warning',
            code: 'filter-bypassed',
            what: `the ${rule.tool} rule "${rule.text}" (${rule.place}) does not apply to ${services.map(({ spec }) => serviceText(spec)).join(', ')}`,
            cause: `balancing happens in front of netfilter: ${EFFECT[rule.verdict]}`,
            advice: 'filter in front of the director or on the real servers',
          } satisfies Finding,
        ];
  });
}
