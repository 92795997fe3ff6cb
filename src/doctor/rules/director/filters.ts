// Firewall rules that do not apply to balanced packets: weir balances in front of netfilter.

import { PAIR } from '../../../datapath/ebpf/load/pair.js';
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts, ServiceFact } from '../../facts.js';
import { contains, serviceText } from '../../network.js';
import { acceptForwardCommand } from '../../packet-filter/accept-forward-command.js';
import { type FilterRule, placeOf } from '../../packet-filter/aim.js';
import type { Blocked } from '../../packet-filter/model.js';

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

const INSTEAD = 'new connections pass the packet filter first; or filter on the real servers, or in front';

/** With `auto` a rule that drops packets is found by the next `weir load`. */
function adviceFor({ datapath }: DirectorFacts, verdict: FilterRule['verdict']): string {
  const found = datapath.firewallMode === 'auto' && (verdict === 'drop' || verdict === 'reject');
  return `weir load${found ? '' : ' --firewall honour'}: ${INSTEAD}`;
}

/** Chains that drop what none of their rules names: a policy, or a rule for everything. */
function denials(facts: DirectorFacts): readonly Finding[] {
  const groups = new Map<string, { readonly text: string; readonly services: string[] }>();
  for (const { service, by } of facts.denials) {
    const place = placeOf({ ...by, name: by.chain });
    if (facts.filters.some((rule) => rule.place === place && rule.text === by.text)) continue; // Reported by its own name.
    const text = `the ${by.tool} chain ${place} (${by.text})`;
    const group = groups.get(text) ?? { text, services: [] };
    groups.set(text, group);
    group.services.push(serviceText(service));
  }
  return [...groups.values()].map(
    ({ text, services }): Finding => ({
      severity: 'warning',
      code: 'filter-bypassed',
      what: `${text} does not apply to ${services.join(', ')}`,
      cause: `balancing happens in front of netfilter: ${EFFECT.drop}`,
      advice: adviceFor(facts, 'drop'),
    }),
  );
}

/** What INPUT has accepted goes back to the datapath by OUTPUT. */
function returnFinding(by: Blocked): Finding {
  const { writer, ...written } = by;
  const fix = writer === undefined ? acceptForwardCommand(written, PAIR.near) : undefined;
  return {
    severity: 'error',
    code: 'firewall-output-dropped',
    what: 'new connections that the packet filter accepts are dropped',
    cause: `by ${PAIR.near} they go back to the datapath, and the ${by.tool} chain ${placeOf({ ...by, name: by.chain })} drops them (${by.text})`,
    ...(fix === undefined ? { advice: `let ${writer} accept what leaves by ${PAIR.near}` } : { fix }),
  };
}

export function filtersRule(facts: DirectorFacts): readonly Finding[] {
  if (facts.datapath.firewall === true) return (facts.returnDenials ?? []).map(returnFinding);
  const named = facts.filters.flatMap((rule): readonly Finding[] => {
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
            advice: adviceFor(facts, rule.verdict),
          },
        ];
  });
  return [...named, ...denials(facts)];
}
