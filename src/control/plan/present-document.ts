// The table as a document, in the order in which it was made.
import type { TableDocument } from '../../model/table-document.js';
import type { TableFacts } from './table-facts.js';

/** Without the services of `owners`. */
export function presentDocument({
  present,
  owners,
  timeouts,
}: Pick<TableFacts, 'present' | 'owners' | 'timeouts'>): Required<TableDocument> {
  const own = [...present].flatMap(([id, service]) => (owners.has(id) ? [] : [service]));
  return { services: own.map(({ spec, destinations }) => ({ spec, destinations: destinations.toReversed() })).toReversed(), timeouts };
}
