// Firewall rules that do not apply to balanced packets: weir balances in front of netfilter.

import { PAIR } from '../../../datapath/ebpf/load/pair.js';
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts, FilterDenial, ServiceFact } from '../../facts.js';
import { contains, serviceText } from '../../network.js';
import { acceptForwardCommand } from '../../packet-filter/accept-forward-command.js';
import { acceptServiceCommand } from '../../packet-filter/accept-service-command.js';
import { blockedPlace, chainText, type FilterRule } from '../../packet-filter/aim.js';
import type { Blocked } from '../../packet-filter/model.js';

/** Of nft and iptables: whose chains meet no packets of a family. */
const WITHOUT = { inet: 'ip6', inet6: 'ip' } as const;

/** Whether the rule matches packets for this service: by its VIP, or by its port on any address. */
function touches(rule: FilterRule, { spec }: Pick<ServiceFact, 'spec'>): boolean {
  const { key } = spec;
  if (
    key.kind !== 'address' ||
    rule.family === WITHOUT[key.address.family] ||
    (rule.protocol !== undefined && rule.protocol !== key.protocol)
  )
    return false;
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

/** With `auto` a rule that drops or translates packets, or marks them for a service, is found by the next `weir load`. */
function adviceFor({ datapath }: DirectorFacts, verdict: FilterRule['verdict'] | 'mark'): string {
  const found = datapath.firewallMode === 'auto' && verdict !== 'accept' && verdict !== 'other';
  return `weir load${found ? '' : ' --firewall honour'}: ${INSTEAD}`;
}

/** The services of each rule. */
function byRule(found: readonly FilterDenial[], textOf: (by: Blocked) => string): ReadonlyMap<string, string> {
  const texts = new Map<string, string[]>();
  for (const { service, by } of found) texts.set(textOf(by), [...(texts.get(textOf(by)) ?? []), serviceText(service)]);
  return new Map([...texts].map(([text, services]) => [text, services.join(', ')]));
}

/** Chains that drop, or translate, what none of their rules names: a policy, a rule for everything, or for some clients. */
function denials(facts: DirectorFacts, verdict: 'drop' | 'nat'): readonly Finding[] {
  const isNamed = ({ by, service }: FilterDenial): boolean =>
    facts.filters.some((rule) => rule.place === blockedPlace(by) && rule.text === by.text && touches(rule, { spec: service }));
  const chains = byRule(
    facts.denials.filter((each) => !isNamed(each) && (each.by.translates === true) === (verdict === 'nat')),
    chainText,
  );
  return [...chains].map(
    ([text, services]): Finding => ({
      severity: 'warning',
      code: 'filter-bypassed',
      what: `${text} does not apply to ${services}`,
      cause: `balancing happens in front of netfilter: ${EFFECT[verdict]}`,
      advice: adviceFor(facts, verdict),
    }),
  );
}

/** Rules that mark for one service what another one takes before. */
function markings(facts: DirectorFacts): readonly Finding[] {
  const rules = byRule(facts.markings ?? [], (by) => `the ${by.tool} rule "${by.text}" (${blockedPlace(by)})`);
  return [...rules].map(
    ([text, services]): Finding => ({
      severity: 'warning',
      code: 'filter-bypassed',
      what: `${text} does not apply to ${services}`,
      cause: 'balancing happens in front of netfilter: the service of the mark does not come first, as it does with the kernel’s IPVS',
      advice: adviceFor(facts, 'mark'),
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
    cause: `by ${PAIR.near} they go back to the datapath, and the ${by.tool} chain ${blockedPlace(by)} drops them (${by.text})`,
    ...(fix === undefined ? { advice: `let ${writer} accept what leaves by ${PAIR.near}` } : { fix }),
  };
}

/** New connections pass the packet filter, which lets none of them in. */
function arrivalFinding({ service, by }: FilterDenial): Finding {
  const { key } = service;
  const command =
    key.kind === 'address' && key.protocol !== 'sctp'
      ? `: ${acceptServiceCommand(by, { direction: 'in', address: key.address, protocol: key.protocol, ...(key.port === 0 ? {} : { port: key.port }) })}`
      : '';
  return {
    severity: 'error',
    code: 'firewall-service-dropped',
    what: `${serviceText(service)} gets no new connection`,
    cause: `new connections pass the packet filter of this host first, and ${chainText(by)} drops them, of all clients`,
    advice: `if clients are to reach it, accept them${command}`,
  };
}

export function filtersRule(facts: DirectorFacts): readonly Finding[] {
  if (facts.datapath.firewall === true)
    return [...(facts.returnDenials ?? []).map(returnFinding), ...(facts.arrivalDenials ?? []).map(arrivalFinding)];
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
  return [...named, ...denials(facts, 'drop'), ...denials(facts, 'nat'), ...markings(facts)];
}
