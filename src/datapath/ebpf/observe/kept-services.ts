// The services for a process that reads them again and again: what is configured of them is read once a generation of the table, and stays the same
// object; what packets change of them is read each time.
import type { DestinationSpec, ServiceEntry, ServiceSpec } from '../../../model/service.js';
import { Conf, Service, WeirState } from '../abi.gen.js';
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

/** The newest first. */
function configured(tables: Tables): readonly KeptService[] {
  const { services, conf } = tables;
  if (isFlushing(tables)) return [];
  const found: KeptService[] = [];
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    if (services.get(id, Service.state) !== WeirState.LIVE) continue;
    const destinations = destinationIds(tables, id).map((dest) => ({ id: dest, spec: specOfDestination(tables, dest) }));
    found.push({ id, order: services.get(id, Service.order), spec: specOfService(services, id), destinations });
  }
  return found.sort((a, b) => b.order - a.order);
}

export class KeptServices {
  #generation: number | undefined;
  #services: readonly KeptService[] = [];

  constructor(readonly tables: Tables) {}

  /** As `serviceEntries`. While a change is under way nothing is kept. @throws WeirError table-unknown-number */
  entries(stats: StatsReader = statsOf): readonly ServiceEntry[] {
    if (!this.#isCurrent()) return serviceEntries(this.tables, stats);
    return this.#services.map(({ id, spec, destinations }) => ({
      spec,
      stats: stats(this.tables, id),
      destinations: destinations.map((one) => destinationEntry(this.tables, one.id, one.spec, stats)),
    }));
  }

  #isCurrent(): boolean {
    const generation = this.tables.conf.atomic(0, Conf.generation);
    const read = undisturbed(this.tables, () => (this.#generation === generation ? this.#services : configured(this.tables)));
    if (read === undefined) return false;
    [this.#services, this.#generation] = [read.value, generation];
    return true;
  }
}
