// What a weir.yaml states of layer 4. A section that is not there is not the document's: nothing of it is planned or changed.
import type { DestinationSpec, ServiceSpec, Timeouts } from './service.js';

/** A virtual service with all its servers, in the order of the file. */
export interface DocumentService {
  readonly spec: ServiceSpec;
  readonly destinations: readonly DestinationSpec[];
}

export interface TableDocument {
  /** All services of the table, but for those of others. Each key and each server's key once. */
  readonly services?: readonly DocumentService[];
  /** Seconds; 0: not stated, it stays as it is. */
  readonly timeouts?: Timeouts;
}
