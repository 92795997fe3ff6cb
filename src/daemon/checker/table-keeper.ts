// Makes weir's table what it should be (TableIntent). Decides nothing: the machine of health checks gives the pools, and when to try;
// the plan is control's.
import type { ApplyResult } from '../../control/check/messages.js';
import { type PresentService, planFlush, planTimeouts, type ServicePlan } from '../../control/virtual-server/plan.js';
import { TableIntent } from '../../control/virtual-server/table-intent.js';
import type { Director } from '../../datapath/director.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { serviceId } from '../../model/identity.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { Log } from '../../model/log-level.js';
import type { ServiceEntry, ServiceKey, Timeouts } from '../../model/service.js';
import { applyPlans } from './apply-plans.js';

const presentOf = ({ spec, destinations }: ServiceEntry): PresentService => ({
  spec,
  destinations: destinations.map((entry) => entry.spec),
});

export class TableKeeper {
  #configuration: KeepalivedConfiguration;
  readonly #intent: TableIntent;
  /** lvs_flush is for the start alone. */
  #flushDue: boolean;
  #timeoutsDue: boolean;
  /** As they were before lvs_timeouts: at a reload without it, and at the end, they are so again. Undefined: they are. */
  #timeoutsBefore: Timeouts | undefined;
  #ending = false;
  #flushAll = false;

  constructor(
    configuration: KeepalivedConfiguration,
    readonly open: () => Director,
    readonly log: Log,
  ) {
    this.#configuration = configuration;
    this.#intent = new TableIntent(configuration);
    this.#flushDue = configuration.global.lvsFlush;
    this.#timeoutsDue = configuration.global.lvsTimeouts !== undefined;
  }

  /** A reload: what is served next converges to the file, whoever changed the table. */
  configure(configuration: KeepalivedConfiguration): void {
    this.#configuration = configuration;
    this.#intent.configure(configuration);
    this.#timeoutsDue = configuration.global.lvsTimeouts !== undefined || this.#timeoutsBefore !== undefined;
  }

  /** Nothing waits to be made true. */
  get isSettled(): boolean {
    return this.#intent.isSettled && !this.#flushAll;
  }

  /** How many services are in the table because of us. */
  get size(): number {
    return this.#intent.size;
  }

  serve(server: VirtualServer, pool: readonly RealServer[]): void {
    this.#intent.serve(server, pool);
  }

  remove(server: VirtualServer): void {
    this.#intent.remove(server);
  }

  /** From now on what is applied is to remove everything, others' services too (lvs_flush_on_stop). */
  flushAtEnd(): void {
    this.#flushAll = true;
  }

  /** From now on what is applied restores the timeouts that were there before lvs_timeouts. */
  restoreTimeouts(): void {
    this.#ending = true;
    this.#timeoutsDue = this.#timeoutsBefore !== undefined;
  }

  apply(): ApplyResult {
    this.#intent.followHealth();
    if (this.isSettled && !this.#flushDue && !this.#timeoutsDue) return { kind: 'done', refused: [] };
    try {
      return { kind: 'done', refused: this.#withDirector((director) => this.#applyTo(director)) };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (isWeirError(error, 'lock-busy')) return { kind: 'busy', who: error.details.who };
      return { kind: 'done', refused: [`virtual servers cannot be set up: ${error.message}`] };
    }
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
    this.#setTimeouts(director);
    if (this.#flushAll) {
      director.flush();
      this.#flushAll = false;
      this.#intent.settleFlushed();
      return [];
    }
    const keys = this.#intent.pending;
    const plans = [...this.#flush(director), ...this.#intent.plan(presentAmong(director, keys))];
    const refused = applyPlans(director, plans);
    this.#flushDue &&= plans.some(({ id }) => refused.has(id));
    this.#logPlans(plans.filter(({ id }) => !refused.has(id)));
    this.#intent.settle(new Set(refused.keys()));
    return [...refused.values()];
  }

  #setTimeouts(director: Director): void {
    if (!this.#timeoutsDue) return;
    const wanted = this.#ending ? undefined : this.#configuration.global.lvsTimeouts;
    const present = director.timeouts();
    if (wanted !== undefined) this.#timeoutsBefore ??= present;
    const timeouts = planTimeouts(wanted ?? this.#timeoutsBefore, present);
    if (timeouts !== undefined) director.setTimeouts(timeouts);
    if (wanted === undefined) this.#timeoutsBefore = undefined;
    this.#timeoutsDue = false;
  }

  #flush(director: Director): readonly ServicePlan[] {
    if (!this.#flushDue) return [];
    const present = new Map(director.services().map((entry) => [serviceId(entry.spec.key), presentOf(entry)]));
    return planFlush(this.#intent.wanted, present);
  }

  /** Services that came or changed. What becomes of servers, and which services go, the machine logs itself. */
  #logPlans(plans: readonly ServicePlan[]): void {
    for (const { name, changes } of plans) {
      for (const { kind } of changes) {
        if (kind === 'add-service') this.log('debug', `Adding virtual server ${name}`);
        if (kind === 'edit-service') this.log('debug', `Changing virtual server ${name}`);
      }
    }
  }
}

/** What is there of these services. */
function presentAmong(director: Director, keys: ReadonlyMap<string, ServiceKey>): ReadonlyMap<string, PresentService> {
  const found = new Map<string, PresentService>();
  for (const [id, key] of keys) {
    try {
      found.set(id, presentOf(director.service(key)));
    } catch (error) {
      if (!isWeirError(error, 'service-missing')) throw error;
    }
  }
  return found;
}
