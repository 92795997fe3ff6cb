// The ETag of a table's configuration: of what services and servers are to be, and of the table's generation. Counters and connections never count.
import { createHash } from 'node:crypto';
import type { ServiceEntry } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import type { TableSnapshot } from '../sources.js';

const CHARACTERS = 32;

const specOf = ({ spec, destinations }: ServiceEntry): unknown => [serviceWord(spec.key), spec, destinations.map((one) => one.spec)];

/** Strong: the same exactly while the table has seen no change. With its quotes, as a header has it. */
export function configurationEtag({ services, timeouts, generation }: Pick<TableSnapshot, 'services' | 'timeouts' | 'generation'>): string {
  const text = JSON.stringify([generation, timeouts, services.map(specOf)]);
  return `"${createHash('sha256').update(text).digest('hex').slice(0, CHARACTERS)}"`;
}
