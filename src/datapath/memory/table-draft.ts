// A table as a list of changes would leave it, worked out before any of them is made; and what then differs from the present table. What
// is the same in both is never touched: its connections, counters and scheduler go on.

import type { Change } from '../../model/change.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { checkOnePacket } from '../../model/fullnat.js';
import { destinationId, serviceId } from '../../model/identity.js';
import { sameDestinationSpec, sameServiceSpec } from '../../model/same-spec.js';
import type { DestinationKey, DestinationSpec, ServiceEntry, ServiceKey, ServiceSpec } from '../../model/service.js';
import type { TableWriter } from '../director.js';

/** `origin`: what asked for it last; undefined: it is in the present table. */
interface Drafted<Spec, Origin> {
  readonly spec: Spec;
  readonly origin: Origin | undefined;
}

interface DraftedService<Origin> extends Drafted<ServiceSpec, Origin> {
  /** By `destinationId`, oldest first. */
  readonly destinations: Map<string, Drafted<DestinationSpec, Origin>>;
}

/** By `serviceId`, oldest first. */
type Draft<Origin> = Map<string, DraftedService<Origin>>;

/** A change that leads to the draft, and what asked for it; a removal has no origin. */
export interface DraftedChange<Origin> {
  readonly change: Change;
  readonly origin: Origin | undefined;
}

function draftOf<Origin>(services: readonly ServiceEntry[]): Draft<Origin> {
  const byId = services.map(({ spec, destinations }) => {
    const specs = destinations.map((entry) => [destinationId(entry.spec), { spec: entry.spec, origin: undefined }] as const);
    return [serviceId(spec.key), { spec, origin: undefined, destinations: new Map(specs.reverse()) }] as const;
  });
  return new Map(byId.reverse());
}

export class TableDraft<Origin> implements TableWriter {
  /** Of the changes that follow. */
  origin: Origin | undefined;
  readonly #present: Draft<Origin>;
  readonly #draft: Draft<Origin>;

  /** `present`: newest first; `check`: throws what the director refuses in a change by itself. */
  constructor(
    present: readonly ServiceEntry[],
    readonly check: (change: Change) => void,
  ) {
    this.#present = draftOf(present);
    this.#draft = draftOf(present);
  }

  addService(spec: ServiceSpec): void {
    if (this.#draft.has(serviceId(spec.key))) throw new WeirError('service-exists');
    this.check({ kind: 'add-service', spec });
    this.#draft.set(serviceId(spec.key), { spec, origin: this.origin, destinations: new Map() });
  }

  editService(spec: ServiceSpec): void {
    const { destinations } = this.service(spec.key);
    this.check({ kind: 'edit-service', spec });
    checkOnePacket(
      spec,
      [...destinations.values()].map((each) => each.spec),
    );
    this.#draft.set(serviceId(spec.key), { spec, origin: this.origin, destinations });
  }

  deleteService(key: ServiceKey): void {
    this.service(key);
    this.#draft.delete(serviceId(key));
  }

  addDestination(service: ServiceKey, spec: DestinationSpec): void {
    const { destinations, spec: own } = this.service(service);
    this.check({ kind: 'add-destination', service, spec });
    checkOnePacket(own, [spec]);
    if (destinations.has(destinationId(spec))) throw new WeirError('destination-exists');
    destinations.set(destinationId(spec), { spec, origin: this.origin });
  }

  editDestination(service: ServiceKey, spec: DestinationSpec): void {
    const { destinations, spec: own } = this.service(service);
    this.check({ kind: 'edit-destination', service, spec });
    checkOnePacket(own, [spec]);
    if (!destinations.has(destinationId(spec))) throw new WeirError('destination-missing');
    destinations.set(destinationId(spec), { spec, origin: this.origin });
  }

  deleteDestination(service: ServiceKey, key: DestinationKey): void {
    if (!this.service(service).destinations.delete(destinationId(key))) throw new WeirError('destination-missing');
  }

  flush(): void {
    this.#draft.clear();
  }

  has(key: ServiceKey): boolean {
    return this.#draft.has(serviceId(key));
  }

  /** @throws WeirError service-missing */
  service(key: ServiceKey): DraftedService<Origin> {
    const service = this.#draft.get(serviceId(key));
    if (service === undefined) throw new WeirError('service-missing');
    return service;
  }

  /** From the present table to the draft. Of a service, destinations are added before others go, so that it has some all the time. */
  changes(): readonly DraftedChange<Origin>[] {
    const changes: DraftedChange<Origin>[] = [];
    for (const [id, { spec }] of this.#present) {
      if (!this.#draft.has(id)) changes.push({ change: { kind: 'delete-service', key: spec.key }, origin: undefined });
    }
    for (const [id, { spec, origin, destinations }] of this.#draft) {
      const present = this.#present.get(id);
      if (present === undefined) changes.push({ change: { kind: 'add-service', spec }, origin });
      else if (!sameServiceSpec(present.spec, spec)) changes.push({ change: { kind: 'edit-service', spec }, origin });
      for (const change of destinationChanges(spec.key, present?.destinations ?? new Map(), destinations)) changes.push(change);
    }
    return changes;
  }
}

function* destinationChanges<Origin>(
  service: ServiceKey,
  present: ReadonlyMap<string, Drafted<DestinationSpec, Origin>>,
  wanted: ReadonlyMap<string, Drafted<DestinationSpec, Origin>>,
): Generator<DraftedChange<Origin>> {
  for (const [id, { spec, origin }] of wanted) {
    const there = present.get(id);
    if (there === undefined) yield { change: { kind: 'add-destination', service, spec }, origin };
    else if (!sameDestinationSpec(there.spec, spec)) yield { change: { kind: 'edit-destination', service, spec }, origin };
  }
  for (const [id, { spec }] of present) {
    if (!wanted.has(id)) yield { change: { kind: 'delete-destination', service, key: spec }, origin: undefined };
  }
}
