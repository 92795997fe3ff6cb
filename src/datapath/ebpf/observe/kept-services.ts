// The services for a process that reads them again and again: what is configured of them is read once a generation of the table, and stays the same
// object; what packets change of them is read each time.
import { sameService } from '../../../model/identity.js';
import type { DestinationEntry, ServiceEntry, ServiceKey, ServiceSpec } from '../../../model/service.js';
import { type PageAsked, type ServicePage, servicePage } from '../../../model/service-page.js';
import type { Clock } from '../../../sys/clock.js';
import { Conf, Dest } from '../abi.gen.js';
import { Dirty } from '../recovery/batch.js';
import { destinationEntry, type StatsReader, statsOf } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';
import { readOnce, undisturbed } from '../whole-read.js';
import { ConfiguredServices, type KeptService } from './configured-services.js';
import { destinationOverview, type ServiceOverview } from './table-overview.js';

/** What is configured, and templates, which a change of the table may move. */
export interface ConfiguredService {
  readonly spec: ServiceSpec;
  readonly destinations: readonly Pick<DestinationEntry, 'spec' | 'persistent'>[];
}

export interface ConfiguredTable {
  readonly services: readonly ConfiguredService[];
  readonly generation: number;
}

/** Services, or a page of them, and the generation of the table that they are of. */
export interface KeptTable extends ServicePage<ServiceEntry> {
  readonly generation: number;
}

/** When something was read, by the clock of the reader, and of which generation it is. */
export interface ReadMoment {
  readonly generation: number;
  readonly atMs: number;
}

interface Current {
  readonly services: readonly KeptService[];
  readonly generation: number;
}

export class KeptServices {
  /** What was read last while no change came between. */
  #whole: (Current & ReadMoment) | undefined;
  readonly #configured: ConfiguredServices;
  #forgottenAtMs = Number.NEGATIVE_INFINITY;
  /** Of together(), with what it has read. */
  #shared: { current?: Current } | undefined;

  /** `keptMs`: while a change is under way, what was read in the last so many ms is answered with. */
  constructor(
    readonly tables: Tables,
    readonly clock: Clock,
    readonly keptMs: number,
  ) {
    this.#configured = new ConfiguredServices(tables);
  }

  /** Only the counters of the services that are asked for are read. @throws WeirError table-unknown-number, as servicePage */
  read(stats: StatsReader = statsOf, asked: PageAsked = {}): KeptTable {
    const { services: all, generation } = this.#current();
    const { services, next } = servicePage(all, asked);
    return { services: services.map((one) => this.#entry(one, stats)), next, generation };
  }

  /** What is configured is read once for all that `work` reads of it, so that it agrees. `work` waits for nothing. */
  together<T>(work: () => T): T {
    if (this.#shared !== undefined) return work();
    this.#shared = {};
    try {
      return work();
    } finally {
      this.#shared = undefined;
    }
  }

  /** @throws as read */
  configured(): ConfiguredTable {
    const { dests } = this.tables;
    const { services, generation } = this.#current();
    const configuredOf = ({ spec, destinations }: KeptService): ConfiguredService => ({
      spec,
      destinations: destinations.map((one) => ({ spec: one.spec, persistent: dests.get(one.id, Dest.persistent) })),
    });
    return { services: services.map(configuredOf), generation };
  }

  /** @throws as read */
  overview(): readonly ServiceOverview[] {
    return this.#current().services.map(({ spec, destinations }) => ({
      key: spec.key,
      scheduler: spec.scheduler,
      destinations: destinations.map((one) => destinationOverview(this.tables, one.id, one.spec)),
    }));
  }

  /** A wrapper of the service, which holds undefined where there is none; undefined: nothing is kept that stands. */
  service(key: ServiceKey): { readonly value: ServiceEntry | undefined } | undefined {
    if (this.#whole === undefined || !this.stands(this.#whole)) return undefined;
    const found = this.#whole.services.find(({ spec }) => sameService(spec.key, key));
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
    const [whole, atMs] = [this.#whole, this.clock.now()];
    if (whole === undefined) return;
    const now = undisturbed(this.tables, () => this.tables.conf.atomic(0, Conf.generation));
    if (now?.value === whole.generation) this.#whole = { ...whole, atMs };
  }

  forget(): void {
    if (this.#shared !== undefined) this.#shared = {};
    this.#forgottenAtMs = this.clock.now();
  }

  #entry({ id, spec, destinations }: KeptService, stats: StatsReader): ServiceEntry {
    return {
      spec,
      stats: stats(this.tables, id),
      destinations: destinations.map((one) => destinationEntry(this.tables, one.id, one.spec, stats)),
    };
  }

  /** Beside a change those of before it, if they stand; else as packets meet them, which are kept only where no change came between. */
  #current(): Current {
    const current = this.#shared?.current ?? this.#read();
    if (this.#shared !== undefined) this.#shared.current = current;
    return current;
  }

  #read(): Current {
    const whole = this.#whole;
    if (whole !== undefined && this.stands(whole)) return whole;
    const generation = this.tables.conf.atomic(0, Conf.generation);
    const isKept = whole?.generation === generation;
    const atMs = this.clock.now();
    const work = (): readonly KeptService[] => (isKept ? whole.services : this.#configured.read());
    const read = readOnce(this.tables, work);
    const found = { services: read === undefined ? work() : read.value, generation };
    if (read?.whole === true) {
      if (!isKept) this.#configured.keep();
      this.#whole = { ...found, atMs };
    } else if (whole !== undefined && this.stands(whole)) return whole;
    return found;
  }
}
