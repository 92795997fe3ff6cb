// Weights that feedback moved are no difference to a file: a plan compares the configured ones, and names both.
import { readFeedbackRecord } from '../host/feedback-files.js';
import { endpointText } from '../model/endpoint-text.js';
import { destinationId } from '../model/identity.js';
import type { DestinationSpec, ServiceKey } from '../model/service.js';
import { serviceWord } from '../model/service-word.js';

export interface ConfiguredWeights {
  readonly destinations: readonly DestinationSpec[];
  /** A line for each that feedback moved. */
  readonly moved: readonly string[];
  /** What the table has of those, by `destinationId`. */
  readonly inTable: ReadonlyMap<string, number>;
}

/** `recordOf`: of a service. @throws SystemError */
export function configuredWeights(
  key: ServiceKey,
  destinations: readonly DestinationSpec[],
  recordOf = readFeedbackRecord,
): ConfiguredWeights {
  const record = recordOf(key);
  if (record.size === 0) return { destinations, moved: [], inTable: new Map() };
  const moved: string[] = [];
  const inTable = new Map<string, number>();
  const specs = destinations.map((spec) => {
    const known = record.get(destinationId(spec));
    if (known === undefined || known.configured === spec.weight) return spec;
    if (spec.weight !== known.effective && spec.weight !== known.writing) return spec;
    moved.push(`${serviceWord(key)}: ${endpointText(spec)} has weight ${spec.weight} by feedback; configured is ${known.configured}`);
    inTable.set(destinationId(spec), spec.weight);
    return { ...spec, weight: known.configured };
  });
  return { destinations: specs, moved, inTable };
}
