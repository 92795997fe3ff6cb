// The six changes of a table: what a command asks for, a plan lists, and a director applies.
import type { DestinationKey, DestinationSpec, ServiceKey, ServiceSpec } from './service.js';

/** A change of a virtual service itself. An edit is found by `spec.key` and replaces all the rest. */
export type ServiceChange =
  | { readonly kind: 'add-service' | 'edit-service'; readonly spec: ServiceSpec }
  | { readonly kind: 'delete-service'; readonly key: ServiceKey };

/** A change of one destination of `service`. */
export type DestinationChange =
  | { readonly kind: 'add-destination' | 'edit-destination'; readonly service: ServiceKey; readonly spec: DestinationSpec }
  | { readonly kind: 'delete-destination'; readonly service: ServiceKey; readonly key: DestinationKey };

export type Change = ServiceChange | DestinationChange;
