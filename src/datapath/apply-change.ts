// The one way from a change to the call on a director that makes it.
import type { Change } from '../model/change.js';
import type { TableWriter } from './director.js';

/** @throws a refusal (isRefusal), or a system error of the driver; the table is then as it was */
export function applyChange(director: TableWriter, change: Change): void {
  switch (change.kind) {
    case 'add-service':
      director.addService(change.spec);
      break;
    case 'edit-service':
      director.editService(change.spec);
      break;
    case 'delete-service':
      director.deleteService(change.key);
      break;
    case 'add-destination':
      director.addDestination(change.service, change.spec);
      break;
    case 'edit-destination':
      director.editDestination(change.service, change.spec);
      break;
    case 'delete-destination':
      director.deleteDestination(change.service, change.key);
  }
}
