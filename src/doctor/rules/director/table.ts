// Can every service choose a server?

import { changeText } from '../../../model/change-text.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { destinationId } from '../../../model/identity.js';
import { schedulerNamed } from '../../../model/schedulers.js';
import { serviceArguments } from '../../../model/service-text.js';
import type { DirectorFacts, ServiceFact } from '../../facts.js';
import { serviceText } from '../../network.js';
import { checkFails, takenOut } from './checked.js';
import { editDestination, joined } from './commands.js';

function judge(facts: DirectorFacts, { spec, destinations, overloaded }: ServiceFact): readonly Finding[] {
  const name = serviceText(spec);
  const [first] = destinations;
  const out = takenOut(facts, spec.key);
  if (first === undefined) {
    return [
      {
        severity: 'error',
        code: 'service-empty',
        what: `${name} serves no client`,
        cause: `it has no destination, so every client is refused${out === undefined ? '' : `: ${out.cause}`}`,
        advice: out?.advice ?? `add a real server: ipvsadm -a ${serviceArguments(spec.key)} -r RIP:PORT`,
      },
    ];
  }
  if (destinations.every(({ weight }) => weight === 0)) {
    const byHand = destinations.filter((one) => checkFails(facts, spec.key, one) === undefined);
    return [
      {
        severity: 'error',
        code: 'weights-zero',
        what: `${name} takes no new connection`,
        ...(out !== undefined && byHand.length === 0
          ? out
          : {
              cause: 'all its destinations have weight 0 (quiesced)',
              fix: joined(byHand.map((one) => editDestination(spec.key, { ...one, weight: 1 }))),
            }),
      },
    ];
  }
  const open = destinations.filter(({ weight }) => weight > 0);
  const full = open.filter((one) => overloaded?.has(destinationId(one)) === true);
  if (full.length === open.length) {
    return [
      {
        severity: 'error',
        code: 'thresholds-reached',
        what: `${name} takes no new connection`,
        cause: `every server in service has as many connections as its upper threshold allows (${full.map((one) => `${endpointText(one)}: ${one.upperThreshold}`).join(', ')})`,
        advice: 'add servers, or raise the thresholds: ipvsadm -e … -x NUMBER (0: none)',
      },
    ];
  }
  const weights = new Set(destinations.map(({ weight }) => weight).filter((weight) => weight > 0));
  const byWeight = schedulerNamed(spec.scheduler)?.byWeight;
  if (byWeight !== undefined && weights.size > 1) {
    return [
      {
        severity: 'info',
        code: 'weights-ignored',
        what: `${name} distributes evenly although its weights differ`,
        cause: `scheduler ${spec.scheduler} does not use weights`,
        fix: `ipvsadm ${changeText({ kind: 'edit-service', spec: { ...spec, scheduler: byWeight } })}`,
      },
    ];
  }
  return [];
}

export function tableRule(facts: DirectorFacts): readonly Finding[] {
  if (facts.services.length === 0 && facts.datapath.loaded && facts.datapath.otherTables === undefined) {
    return [
      {
        severity: 'warning',
        code: 'table-empty',
        what: 'nothing is balanced',
        cause: 'the table has no service',
        advice: 'add a service: ipvsadm -A -t VIP:PORT -s wlc',
      },
    ];
  }
  return facts.services.flatMap((service) => judge(facts, service));
}
