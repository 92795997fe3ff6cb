// Whether a change asks for something that weir does not have yet, by the list of capabilities.
import { lineIfMissing } from './capabilities.js';
import type { Change } from './change.js';
import type { DestinationSpec } from './service.js';

const missingForDestination = ({ method }: DestinationSpec): string | undefined =>
  method === 'tunnel' ? lineIfMissing('tunnels') : undefined;

/** The message why a change cannot be made yet; undefined: nothing that it asks for is missing. */
export function missingFor(change: Change): string | undefined {
  switch (change.kind) {
    case 'add-destination':
    case 'edit-destination':
      return missingForDestination(change.spec);
    default:
      return undefined;
  }
}
