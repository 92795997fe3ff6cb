// Whether a change asks for something that weir does not have yet, by the list of capabilities.
import { type CapabilityId, lineIfMissing } from './capabilities.js';
import type { Change } from './change.js';
import type { DestinationSpec, ServiceSpec } from './service.js';

/** The line of the first of `ids` that is missing. */
const firstMissing = (ids: readonly (CapabilityId | false)[]): string | undefined =>
  ids.map((id) => (id === false ? undefined : lineIfMissing(id))).find((line) => line !== undefined);

function missingForService({ persistence }: ServiceSpec, engine: boolean): string | undefined {
  return firstMissing([(engine || persistence?.engine !== undefined) && 'persistence-engines']);
}

function missingForDestination({ method }: DestinationSpec): string | undefined {
  return firstMissing([method === 'tunnel' && 'tunnels']);
}

/**
 * The message why a change cannot be made yet; undefined: nothing that it asks for is missing.
 * `engine`: a persistence engine was asked for, which ipvsadm allows without persistence.
 */
export function missingFor(change: Change, engine = false): string | undefined {
  switch (change.kind) {
    case 'add-service':
    case 'edit-service':
      return missingForService(change.spec, engine);
    case 'add-destination':
    case 'edit-destination':
      return missingForDestination(change.spec);
    default:
      return undefined;
  }
}
