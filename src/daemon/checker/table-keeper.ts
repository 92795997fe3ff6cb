// What weir's table should be and what it was made, service by service. Decides nothing: the machine of health checks gives the pools,
// and when to try.
import type { ApplyResult } from '../../control/check/messages.js';
import { type PresentService, planTable, type ServicePlan } from '../../control/virtual-server/plan.js';
import { changeMessage } from '../../control/virtual-server/texts.js';
import type { Director } from '../../datapath/director.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { serviceId } from '../../model/identity.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { missingForWanted } from '../../model/keepalived/unserved.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { type WantedService, type WantedTable, wantedServices } from '../../model/keepalived/wanted-table.js';
import type { Log } from '../../model/log-level.js';
import { applyPlans } from './apply.js';

export class TableKeeper {
  #configuration: KeepalivedConfiguration;
  /** Which virtual server, by name, has which services: all that it has now or had when it was served last. */
  readonly #owned = new Map<string, Set<string>>();
  readonly #wanted = new Map<string, WantedService>();
  /** What was made true: ours to remove. */
  readonly #done = new Map<string, WantedService>();
  /** Services whose wanted state was not made true yet. */
  readonly #changed = new Set<string>();
  #flushed = false;
  #flushAll = false;

  constructor(
    configuration: KeepalivedConfiguration,
    readonly open: () => Director,
    readonly log: Log,
  ) {
    this.#configuration = configuration;
  }

  configure(configuration: KeepalivedConfiguration): void {
    this.#configuration = configuration;
  }

  /** Nothing waits to be made true. */
  get isSettled(): boolean {
    return this.#changed.size === 0 && !this.#flushAll;
  }

  /** Whether something of it is in the table because of us. */
  owns({ name }: VirtualServer): boolean {
    return [...(this.#owned.get(name) ?? [])].some((id) => this.#done.has(id));
  }

  /** How many services are in the table because of us. */
  get size(): number {
    return this.#done.size;
  }

  /**
   * Services that cannot be served yet are left out; one that was served before a reload stays as it was. Of a service that two virtual
   * servers have the first one counts.
   */
  serve(server: VirtualServer, pool: readonly RealServer[]): void {
    const before = this.#owned.get(server.name) ?? new Set();
    const owned = new Set<string>();
    for (const service of wantedServices(server, pool, this.#configuration)) {
      const id = serviceId(service.spec.key);
      const other = this.#wanted.get(id)?.server.name;
      if (other !== undefined && other !== server.name) continue;
      const missing = missingForWanted(service) !== undefined;
      if (missing && !this.#done.has(id)) continue;
      owned.add(id);
      if (missing) continue;
      this.#wanted.set(id, service);
      this.#changed.add(id);
    }
    for (const id of before) if (!owned.has(id)) this.#drop(id);
    this.#owned.set(server.name, owned);
  }

  remove({ name }: VirtualServer): void {
    for (const id of this.#owned.get(name) ?? []) this.#drop(id);
    this.#owned.delete(name);
  }

  #drop(id: string): void {
    this.#wanted.delete(id);
    this.#changed.add(id);
  }

  /** From now on what is applied is to remove everything, others' services too (lvs_flush_on_stop). */
  flushAtEnd(): void {
    this.#flushAll = true;
  }

  apply(): ApplyResult {
    if (this.#hasNothingToDo) return { kind: 'done', refused: [] };
    try {
      return { kind: 'done', refused: this.#withDirector((director) => this.#applyTo(director)) };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (isWeirError(error, 'lock-busy')) return { kind: 'busy', who: error.details.who };
      return { kind: 'done', refused: [`virtual servers cannot be set up: ${error.message}`] };
    }
  }

  get #hasNothingToDo(): boolean {
    const { lvsFlush, lvsTimeouts } = this.#configuration.global;
    return this.isSettled && (!lvsFlush || this.#flushed) && lvsTimeouts === undefined;
  }

  /** No other process changes the table while `work` runs. @throws WeirError lock-busy without waiting, which would block the event loop */
  #withDirector<T>(work: (director: Director) => T): T {
    const director = this.open();
    try {
      return director.exclusively(() => work(director));
    } finally {
      director.close();
    }
  }

  #applyTo(director: Director): readonly string[] {
    if (this.#flushAll) {
      director.flush();
      this.#flushAll = false;
      this.#changed.clear();
      this.#done.clear();
      return [];
    }
    this.#settings(director);
    const [wanted, done] = [this.#pick(this.#wanted), this.#pick(this.#done)];
    const plans = planTable(wanted, done, this.#present(director));
    const refused = applyPlans(director, plans);
    this.#logPlans(plans.filter(({ id }) => !refused.has(id)));
    for (const id of [...this.#changed]) if (!refused.has(id)) this.#settle(id);
    return [...refused.values()];
  }

  #settings(director: Director): void {
    const { lvsFlush, lvsTimeouts } = this.#configuration.global;
    if (lvsFlush && !this.#flushed) director.flush();
    this.#flushed = true;
    if (lvsTimeouts !== undefined) director.setTimeouts(lvsTimeouts);
  }

  #pick(table: WantedTable): WantedTable {
    return new Map([...this.#changed].flatMap((id) => (table.has(id) ? [[id, table.get(id) as WantedService] as const] : [])));
  }

  /** What is in the table of the services that changed. */
  #present(director: Director): ReadonlyMap<string, PresentService> {
    const found = new Map<string, PresentService>();
    for (const id of this.#changed) {
      const key = (this.#wanted.get(id) ?? this.#done.get(id))?.spec.key;
      if (key === undefined) continue;
      try {
        const { spec, destinations } = director.service(key);
        found.set(id, { spec, destinations: destinations.map((entry) => entry.spec) });
      } catch (error) {
        if (!isWeirError(error, 'service-missing')) throw error;
      }
    }
    return found;
  }

  #settle(id: string): void {
    const service = this.#wanted.get(id);
    if (service === undefined) this.#done.delete(id);
    else this.#done.set(id, service);
    this.#changed.delete(id);
  }

  /** What was made true. */
  #logPlans(plans: readonly ServicePlan[]): void {
    for (const { id, name, changes } of plans) {
      const key = (this.#wanted.get(id) ?? this.#done.get(id))?.spec.key;
      const protocol = key?.kind === 'address' ? key.protocol : 'tcp';
      for (const change of changes) this.log('debug', changeMessage(change, name, protocol));
    }
  }
}
