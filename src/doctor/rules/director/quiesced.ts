// Destinations that take no new connection because their weight is 0, beside others that do.
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { placeText } from '../../network.js';
import { checkFails } from './checked.js';
import { editDestination } from './commands.js';

export function quiescedRule(facts: DirectorFacts): readonly Finding[] {
  return facts.services.flatMap((service) => {
    const { destinations, spec } = service;
    if (destinations.every(({ weight }) => weight === 0)) return []; // The table's rule reports it.
    return destinations
      .filter(({ weight }) => weight === 0)
      .map(
        (destination): Finding => ({
          severity: 'info',
          code: 'destination-quiesced',
          what: `${placeText(service, destination)} takes no new connection`,
          ...(checkFails(facts, spec.key, destination) ?? {
            cause: 'its weight is 0',
            fix: editDestination(spec.key, { ...destination, weight: 1 }),
          }),
        }),
      );
  });
}
