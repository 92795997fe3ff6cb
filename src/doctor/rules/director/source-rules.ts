// Do the programs know whether routes depend on the source of packets? Without it one virtual address's route to a client is that of all.
import type { RepairDue } from '../../../datapath/ebpf/observe/repairs-due.js';
import type { Family } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { masquerades } from '../../../model/masquerades.js';
import type { DirectorFacts } from '../../facts.js';
import { hasMarkServices } from './needs-forwarding.js';

const LOAD = 'weir load';

/** Have replies of the family more than one source? Services of a mark may have any number. */
function hasSeveralSources(facts: DirectorFacts, family: Family): boolean {
  const addresses = facts.services.flatMap(({ spec: { key }, destinations }) =>
    key.kind === 'address' && key.address.family === family && destinations.some(masquerades) ? [formatAddress(key.address)] : [],
  );
  return hasMarkServices(facts, family) || new Set(addresses).size > 1;
}

/** `source-rules-changed`, of both families in one line. */
export function sourceRulesFinding(facts: DirectorFacts, repairs: readonly RepairDue[]): readonly Finding[] {
  const due = repairs.filter((one) => one.kind === 'source-rules');
  if (due.length === 0) return [];
  const commands = due.map(({ family }) => (family === 'inet' ? 'ip rule' : 'ip -6 rule; ip -6 route show table all')).join(', ');
  const ipv6 = due.some(({ family }) => family === 'inet6');
  const mixed = due.some(({ family, present }) => present && hasSeveralSources(facts, family));
  return [
    {
      severity: mixed ? 'warning' : 'info',
      code: 'source-rules-changed',
      what: mixed
        ? 'replies of one virtual address may leave by the route of another'
        : 'whether routes depend on the source of packets is not as the datapath knows it',
      cause: `${ipv6 ? 'policy rules, or IPv6 routes with a source,' : 'policy rules'} were added or removed after the last command of weir (${commands})`,
      fix: LOAD,
    },
  ];
}
