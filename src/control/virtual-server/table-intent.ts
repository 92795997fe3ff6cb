// What the table should be, service by service, and what it was made last. Health checks and reloads state what is wanted; `plan` answers
// with the changes that lead there. It knows no director.
import { serviceId } from '../../model/identity.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { type WantedService, type WantedTable, wantedServices } from '../../model/keepalived/wanted-table.js';
import type { ServiceKey } from '../../model/service.js';
import { type PlanMode, type PresentTable, planTable, type ServicePlan } from './plan.js';
import { SkippedServices } from './skipped-services.js';

export class TableIntent {
  #configuration: KeepalivedConfiguration;
  /** Which virtual server, by name, has which services: all that it has now or had when it was served last. */
  readonly #owned = new Map<string, Set<string>>();
  readonly #wanted = new Map<string, WantedService>();
  /** What others want of a service that one virtual server has. */
  readonly #skipped = new SkippedServices();
  /** What was made true: ours to remove. */
  readonly #done = new Map<string, WantedService>();
  /** Services whose wanted state was not made true yet. */
  readonly #changed = new Map<string, PlanMode>();
  #mode: PlanMode = 'converge';

  constructor(configuration: KeepalivedConfiguration) {
    this.#configuration = configuration;
  }

  /** A reload: what is served until `followHealth` converges, whatever the table has. */
  configure(configuration: KeepalivedConfiguration): void {
    this.#configuration = configuration;
    this.#mode = 'converge';
  }

  /** All that a start or a reload serves was stated. What is stated from now on changes just what health changed. */
  followHealth(): void {
    this.#mode = 'follow';
  }

  /** Nothing waits to be made true. */
  get isSettled(): boolean {
    return this.#changed.size === 0;
  }

  /** How many services are in the table because of us. */
  get size(): number {
    return this.#done.size;
  }

  /** The services that are wanted, served or not yet. */
  get wanted(): WantedTable {
    return this.#wanted;
  }

  /** The keys of the services that `plan` is about. */
  get pending(): ReadonlyMap<string, ServiceKey> {
    const keys = new Map<string, ServiceKey>();
    for (const id of this.#changed.keys()) {
      const service = this.#wanted.get(id) ?? this.#done.get(id);
      if (service !== undefined) keys.set(id, service.spec.key);
    }
    return keys;
  }

  /** Of a service that two virtual servers have the first one counts, as long as it has it. */
  serve(server: VirtualServer, pool: readonly RealServer[]): void {
    const { name } = server;
    const before = this.#owned.get(name) ?? new Set();
    const owned = new Set<string>();
    this.#skipped.forget(name);
    for (const asked of wantedServices(server, pool, this.#configuration)) {
      const id = serviceId(asked.spec.key);
      const other = this.#wanted.get(id)?.server.name;
      if (other !== undefined && other !== name) {
        this.#skipped.add(id, asked);
        continue;
      }
      owned.add(id);
      this.#want(id, asked);
    }
    this.#owned.set(name, owned);
    for (const id of before) if (!owned.has(id)) this.#drop(id);
  }

  remove({ name }: VirtualServer): void {
    const owned = this.#owned.get(name) ?? [];
    this.#owned.delete(name);
    this.#skipped.forget(name);
    for (const id of owned) this.#drop(id);
  }

  #want(id: string, service: WantedService): void {
    this.#wanted.set(id, service);
    this.#change(id);
  }

  /** Drops a service; if other virtual servers wanted it, too, the next one of the file has it now. */
  #drop(id: string): void {
    this.#wanted.delete(id);
    this.#change(id);
    for (const { name } of this.#configuration.virtualServers) {
      const asked = this.#skipped.get(id, name);
      if (asked === undefined) continue;
      this.#skipped.delete(id, name);
      this.#owned.get(name)?.add(id);
      this.#want(id, asked);
      return;
    }
  }

  /** One that waits to converge goes on waiting for it. */
  #change(id: string): void {
    if (this.#changed.get(id) !== 'converge') this.#changed.set(id, this.#mode);
  }

  /** `present`: at least what is there of the `pending` services. */
  plan(present: PresentTable): readonly ServicePlan[] {
    const mode = (id: string): PlanMode => this.#changed.get(id) ?? 'follow';
    return planTable(this.#pick(this.#wanted), this.#pick(this.#done), present, mode);
  }

  #pick(table: WantedTable): WantedTable {
    return new Map([...this.#changed.keys()].flatMap((id) => (table.has(id) ? [[id, table.get(id) as WantedService] as const] : [])));
  }

  /** The plan was made true, but for the services that were refused: they stay pending. */
  settle(refused: ReadonlySet<string> = new Set()): void {
    for (const id of [...this.#changed.keys()]) {
      if (refused.has(id)) continue;
      const service = this.#wanted.get(id);
      if (service === undefined) this.#done.delete(id);
      else this.#done.set(id, service);
      this.#changed.delete(id);
    }
  }

  /** The whole table was flushed: nothing of it is ours, and nothing waits. */
  settleFlushed(): void {
    this.#changed.clear();
    this.#done.clear();
  }
}
