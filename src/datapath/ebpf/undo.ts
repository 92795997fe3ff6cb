// What would take back a change, worked out before it is made: for work that is all or nothing.
import type { DestinationKey, DestinationSpec, ServiceEntry, ServiceKey, ServiceSpec, Timeouts } from '../../model/service.js';
import type { Director } from '../director.js';

type Changes = Pick<
  Director,
  'addService' | 'editService' | 'deleteService' | 'addDestination' | 'editDestination' | 'deleteDestination' | 'setTimeouts'
>;

/** The inverse steps, to be run from the last to the first. */
export class UndoLog {
  readonly #steps: (() => void)[] = [];

  constructor(private readonly director: Changes) {}

  run(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) step();
  }

  serviceAdded(key: ServiceKey): void {
    this.#steps.push(() => this.director.deleteService(key));
  }
  serviceEdited(before: ServiceSpec): void {
    this.#steps.push(() => this.director.editService(before));
  }
  serviceDeleted(before: ServiceEntry): void {
    this.#steps.push(() => {
      this.director.addService(before.spec);
      for (const { spec } of [...before.destinations].reverse()) this.director.addDestination(before.spec.key, spec);
    });
  }
  destinationAdded(service: ServiceKey, key: DestinationKey): void {
    this.#steps.push(() => this.director.deleteDestination(service, key));
  }
  destinationEdited(service: ServiceKey, before: DestinationSpec): void {
    this.#steps.push(() => this.director.editDestination(service, before));
  }
  /** It comes back as the newest of its service. */
  destinationDeleted(service: ServiceKey, before: DestinationSpec): void {
    this.#steps.push(() => this.director.addDestination(service, before));
  }
  timeoutsSet(before: Timeouts): void {
    this.#steps.push(() => this.director.setTimeouts(before));
  }
}
