// The services for a process that reads them again and again: what is configured of them is read once a generation of the table, and stays the same
// object; what packets change of them is read each time.
import { sameDestination, sameService } from '../../../model/identity.js';
import { sameDestinationSpec, sameServiceSpec, sameTunnel } from '../../../model/same-spec.js';
import type { DestinationSpec, ServiceEntry, ServiceKey, ServiceSpec } from '../../../model/service.js';
import type { Clock } from '../../../sys/clock.js';
import { Conf, Service, WeirState } from '../abi.gen.js';
import { Dirty } from '../recovery/batch.js';
import { isFlushing } from '../recovery/intent.js';
import { specOfService } from '../table/identity.js';
import { destinationIds } from '../table/service-list.js';
import { destinationEntry, type StatsReader, serviceEntries, specOfDestination, statsOf } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';
import { undisturbed } from '../whole-read.js';

interface KeptService {
  readonly id: number;
  readonly order: number;
  readonly spec: ServiceSpec;
  readonly destinations: readonly { readonly id: number; readonly spec: DestinationSpec }[];
}

const isSameService = (a: ServiceSpec, b: ServiceSpec): boolean => sameService(a.key, b.key) && sameServiceSpec(a, b);

const isSameDestination = (a: DestinationSpec, b: DestinationSpec): boolean =>
  sameDestination(a, b) && sameDestinationSpec(a, b) && sameTunnel(a.tunnel, b.tunnel);

/** What readers made of an object stays in use while it is the same: of what a change of the table left alone the one from before is kept. */
function withKept(now: KeptService, before: KeptService | undefined): KeptService {
  if (before === undefined || !isSameService(before.spec, now.spec)) return now;
  const old = new Map(before.destinations.map(({ id, spec }) => [id, spec]));
  const destinations = now.destinations.map((one) => {
    const spec = old.get(one.id);
    return spec !== undefined && isSameDestination(spec, one.spec) ? { id: one.id, spec } : one;
  });
  return { ...now, spec: before.spec, destinations };
}

/** The newest first. `before`: as they were read the last time. */
function configured(tables: Tables, before: readonly KeptService[]): readonly KeptService[] {
  const old = new Map(before.map((one) => [one.id, one]));
  const { services, conf } = tables;
  if (isFlushing(tables)) return [];
  const found: KeptService[] = [];
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    if (services.get(id, Service.state) !== WeirState.LIVE) continue;
    const destinations = destinationIds(tables, id).map((dest) => ({ id: dest, spec: specOfDestination(tables, dest) }));
    const now = { id, order: services.get(id, Service.order), spec: specOfService(services, id), destinations };
    found.push(withKept(now, old.get(id)));
  }
  return found.sort((a, b) => b.order - a.order);
}

/** Services, and the generation of the table that they are of. */
export interface KeptTable {
  readonly services: readonly ServiceEntry[];
  readonly generation: number;
}

/** When something was read, by the clock of the reader, and of which generation it is. */
export interface ReadMoment {
  readonly generation: number;
  readonly atMs: number;
}

export class KeptServices {
  #moment: ReadMoment | undefined;
  #services: readonly KeptService[] = [];
  #forgottenAtMs = Number.NEGATIVE_INFINITY;

  /** `keptMs`: while a change is under way, what was read in the last so many ms is answered with. */
  constructor(
    readonly tables: Tables,
    readonly clock: Clock,
    readonly keptMs: number,
  ) {}

  /** As `serviceEntries`. @throws WeirError table-unknown-number */
  read(stats: StatsReader = statsOf): KeptTable {
    const moment = this.#current();
    if (moment === undefined) {
      const generation = this.tables.conf.atomic(0, Conf.generation);
      return { services: serviceEntries(this.tables, stats), generation };
    }
    return { services: this.#services.map((one) => this.#entry(one, stats)), generation: moment.generation };
  }

  /** A wrapper of the service, which holds undefined where there is none; undefined: nothing is kept that still counts. */
  service(key: ServiceKey): { readonly value: ServiceEntry | undefined } | undefined {
    if (this.#current() === undefined) return undefined;
    const found = this.#services.find(({ spec }) => sameService(spec.key, key));
    return { value: found === undefined ? undefined : this.#entry(found, statsOf) };
  }

  /**
   * Whether what was read then is the table before the change that is under way. A single change has another generation when it is made. The
   * changes of a batch have, too, and count only when all are made. The time limits how old the answer may be, and how long a writer that
   * was stopped or killed hides what packets meet.
   */
  stands({ generation, atMs }: ReadMoment): boolean {
    if (this.clock.now() - atMs >= this.keptMs || atMs <= this.#forgottenAtMs) return false;
    const { conf } = this.tables;
    switch (conf.atomic(0, Conf.dirty)) {
      case Dirty.change:
        return conf.atomic(0, Conf.generation) === generation;
      case Dirty.batch:
        return true;
      default:
        return false;
    }
  }

  /** Reads nothing: what is kept was right at this moment, too, or it does not stand in the next batch of changes. */
  verify(): void {
    const [moment, atMs] = [this.#moment, this.clock.now()];
    if (moment === undefined) return;
    const now = undisturbed(this.tables, () => this.tables.conf.atomic(0, Conf.generation));
    if (now?.value === moment.generation) this.#moment = { ...moment, atMs };
  }

  forget(): void {
    this.#forgottenAtMs = this.clock.now();
  }

  #entry({ id, spec, destinations }: KeptService, stats: StatsReader): ServiceEntry {
    return {
      spec,
      stats: stats(this.tables, id),
      destinations: destinations.map((one) => destinationEntry(this.tables, one.id, one.spec, stats)),
    };
  }

  /** Of which moment `#services` is; undefined: of none that counts. */
  #current(): ReadMoment | undefined {
    const generation = this.tables.conf.atomic(0, Conf.generation);
    const atMs = this.clock.now();
    const read = undisturbed(this.tables, () =>
      this.#moment?.generation === generation ? this.#services : configured(this.tables, this.#services),
    );
    if (read === undefined) return this.#moment !== undefined && this.stands(this.#moment) ? this.#moment : undefined;
    [this.#services, this.#moment] = [read.value, { generation, atMs }];
    return this.#moment;
  }
}
