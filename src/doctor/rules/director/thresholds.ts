// Do the destinations take new connections? Those that are quiesced or have reached their upper threshold do not.
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { serviceId } from '../../../model/identity.js';
import type { DirectorFacts, LoadFact } from '../../facts.js';
import { serviceText } from '../../network.js';
import { editDestination } from './commands.js';

const isFull = ({ destination, active, inactive }: LoadFact): boolean =>
  destination.upperThreshold > 0 && active + inactive >= destination.upperThreshold;

function overloaded(load: LoadFact, all: boolean): Finding {
  const { service, destination, active, inactive } = load;
  return {
    severity: all ? 'error' : 'info',
    code: 'threshold-reached',
    what: `${serviceText(service)} → ${endpointText(destination)} takes no new connection`,
    cause: `it has ${active + inactive} connections, and its upper threshold is ${destination.upperThreshold}${all ? '; the service has no other destination left' : ''}`,
    fix: editDestination(service.key, { ...destination, upperThreshold: 0, lowerThreshold: 0 }),
  };
}

export function thresholdsRule({ loads }: DirectorFacts): readonly Finding[] {
  const byService = new Map<string, LoadFact[]>();
  for (const load of loads) byService.set(serviceId(load.service.key), [...(byService.get(serviceId(load.service.key)) ?? []), load]);
  return [...byService.values()].flatMap((group): readonly Finding[] => {
    const weighted = group.filter(({ destination }) => destination.weight > 0);
    if (weighted.length === 0) return []; // The table's rule reports it.
    const full = weighted.filter(isFull);
    const quiesced = group.filter(({ destination }) => destination.weight === 0);
    return [
      ...full.map((load) => overloaded(load, full.length === weighted.length)),
      ...quiesced.map(
        ({ service, destination }): Finding => ({
          severity: 'info',
          code: 'destination-quiesced',
          what: `${serviceText(service)} → ${endpointText(destination)} takes no new connection`,
          cause: 'its weight is 0',
          fix: editDestination(service.key, { ...destination, weight: 1 }),
        }),
      ),
    ];
  });
}
