// What is configured of all services, for a process that reads it after each change of the table: what a change left alone stays the same object, and
// its records are compared with copies of them, not decoded again.
import { sameDestination, sameService } from '../../../model/identity.js';
import { sameDestinationSpec, sameServiceSpec, sameTunnel } from '../../../model/same-spec.js';
import type { DestinationSpec, ServiceSpec } from '../../../model/service.js';
import type { Field } from '../../../sys/bpf/records.js';
import { Conf, Dest, Service } from '../abi.gen.js';
import { editedDestination, isFlushing } from '../recovery/intent.js';
import { specOfService } from '../table/identity.js';
import { eachDestination, ofLiveService, specOfDestination } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';
import { RecordCopies } from './record-copies.js';

interface KeptDestination {
  readonly id: number;
  readonly spec: DestinationSpec;
}

export interface KeptService {
  readonly id: number;
  readonly order: number;
  readonly spec: ServiceSpec;
  readonly destinations: readonly KeptDestination[];
}

/** Of which a specification is decoded, and the list of a service's destinations. */
const SERVICE_FIELDS: readonly Field[] = [
  Service.addr,
  Service.port,
  Service.protocol,
  Service.family,
  Service.mark,
  Service.state,
  Service.scheduler,
  Service.flags,
  Service.head,
  Service.persistence,
  Service.order,
];
const DEST_FIELDS: readonly Field[] = [
  Dest.addr,
  Dest.port,
  Dest.protocol,
  Dest.method,
  Dest.flags,
  Dest.service,
  Dest.weight,
  Dest.next,
  Dest.upper,
  Dest.lower,
  Dest.lastWeight,
  Dest.state,
  Dest.family,
  Dest.tunnelType,
  Dest.tunnelFlags,
  Dest.tunnelPort,
];

const isSameService = (a: ServiceSpec, b: ServiceSpec): boolean => sameService(a.key, b.key) && sameServiceSpec(a, b);

const isSameDestination = (a: DestinationSpec, b: DestinationSpec): boolean =>
  sameDestination(a, b) && sameDestinationSpec(a, b) && sameTunnel(a.tunnel, b.tunnel);

/** Finds them by their ids: most are where they were. */
function finder(destinations: readonly KeptDestination[]): (id: number, at: number) => KeptDestination | undefined {
  let byId: ReadonlyMap<number, KeptDestination> | undefined;
  return (id, at) => {
    const there = destinations[at];
    if (there?.id === id) return there;
    byId ??= new Map(destinations.map((one) => [one.id, one]));
    return byId.get(id);
  };
}

/** Do the records of these numbers stand as they were? */
interface Unchanged {
  readonly service: (id: number) => boolean;
  readonly destination: (id: number) => boolean;
}

export class ConfiguredServices {
  readonly #services: RecordCopies;
  readonly #dests: RecordCopies;
  /** What was read last, and what was kept, with the copies. */
  #found: readonly KeptService[] = [];
  #kept: readonly KeptService[] = [];

  constructor(readonly tables: Tables) {
    this.#services = new RecordCopies(tables.services, SERVICE_FIELDS);
    this.#dests = new RecordCopies(tables.dests, DEST_FIELDS);
  }

  /**
   * The newest first, as serviceEntries reads them. Beside a change as packets meet them: an edit counts from when it is written down, and the record of
   * its destination may not show it yet. @throws WeirError table-unknown-number
   */
  read(): readonly KeptService[] {
    const { conf } = this.tables;
    const edited = editedDestination(this.tables);
    this.#services.take(conf.get(0, Conf.serviceTop));
    this.#dests.take(conf.get(0, Conf.destTop));
    this.#found = this.#read({
      service: (id) => this.#services.isSame(id),
      destination: (id) => id !== edited && this.#dests.isSame(id),
    });
    return this.#found;
  }

  /** To be called when no change came during read(): what that has read stands as long as the records do. */
  keep(): void {
    this.#kept = this.#found;
    this.#services.keep();
    this.#dests.keep();
  }

  #read(unchanged: Unchanged): readonly KeptService[] {
    const { tables } = this;
    const old = new Map(this.#kept.map((one) => [one.id, one]));
    const found: KeptService[] = [];
    for (let id = 1; id <= tables.conf.get(0, Conf.serviceTop); id++) {
      const before = old.get(id);
      const now = ofLiveService(tables, id, (order) => this.#service(id, order, before, unchanged));
      if (now !== undefined) found.push(now);
    }
    return isFlushing(tables) ? [] : found.sort((a, b) => b.order - a.order);
  }

  #service(id: number, order: number, before: KeptService | undefined, unchanged: Unchanged): KeptService {
    // FULLNAT's local addresses are in other tables.
    const stands = (one: KeptDestination): boolean => one.spec.localAddresses === undefined && unchanged.destination(one.id);
    const isSame = before !== undefined && before.order === order && unchanged.service(id);
    if (isSame && before.destinations.every(stands)) return before;
    const decoded = isSame ? before.spec : specOfService(this.tables.services, id);
    const spec = before !== undefined && isSameService(before.spec, decoded) ? before.spec : decoded;
    const old = spec === before?.spec ? finder(before.destinations) : (): undefined => undefined;
    const destinations = eachDestination(this.tables, id).map((dest, at) => {
      const kept = old(dest, at);
      if (kept !== undefined && stands(kept)) return kept;
      const now = { id: dest, spec: specOfDestination(this.tables, dest) };
      return kept !== undefined && isSameDestination(kept.spec, now.spec) ? kept : now;
    });
    return { id, order, spec, destinations };
  }
}
