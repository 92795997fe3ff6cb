// Records of removed services and destinations, for others: of those that were removed long ago, as in the kernel; where there are none, of those that no
// packet in flight can be of. A list is made once for many, and each is looked at again before it is taken: others may have taken it.
import { Conf, Dest, Service, WeirState } from '../abi.gen.js';
import { BypassAbi } from '../bypass.gen.js';
import { clockDifference, unitsOf } from './clock.js';
import type { EndpointTable } from './endpoint-table.js';
import { recordedServiceEndpoint } from './identity.js';
import { livingConnections } from './living-slots.js';
import type { Tables } from './tables.js';

/** Three times as long as later fragments of a packet are led to its destination. */
const LEAST_SECONDS = 30;

interface UnusedService {
  readonly id: number;
  /** Another one: it was added again meanwhile. */
  readonly order: number;
}

export interface FreeRecordsOptions {
  /** The datapath's time. */
  readonly clock: () => number;
  /** So long a removed destination is kept after its last connection. */
  readonly trashUnits: number;
  /** Frees the record of a removed destination. */
  readonly free: (id: number) => void;
}

export class FreeRecords {
  /** Both lists have the lowest numbers last. */
  #services: UnusedService[] = [];
  #destinations: number[] = [];
  /** Of the destinations in the list. */
  #units: number;

  constructor(
    readonly tables: Tables,
    readonly endpoints: EndpointTable,
    readonly options: FreeRecordsOptions,
  ) {
    this.#units = options.trashUnits;
  }

  /** Units of waiting, the usual first. */
  get #waits(): readonly number[] {
    const { trashUnits } = this.options;
    return [trashUnits, Math.min(trashUnits, unitsOf(LEAST_SECONDS, this.tables.conf.get(0, Conf.hz)))];
  }

  /** A removed service that no connection names; undefined: there is none. */
  service(): number | undefined {
    for (const units of [undefined, ...this.#waits]) {
      if (units !== undefined) this.#listServices(units);
      for (let one = this.#services.pop(); one !== undefined; one = this.#services.pop())
        if (this.#isUnused(one)) return this.#takenService(one.id);
    }
    return undefined;
  }

  #isUnused({ id, order }: UnusedService): boolean {
    const { services } = this.tables;
    return services.get(id, Service.state) !== WeirState.LIVE && services.get(id, Service.order) === order;
  }

  #takenService(id: number): number {
    const endpoint = recordedServiceEndpoint(this.tables, id);
    // The record of one that was refused has an address that another service may have got since.
    if (this.endpoints.find(endpoint) === id) this.endpoints.remove(endpoint);
    return id;
  }

  #listServices(units: number): void {
    const { services, dests, conf } = this.tables;
    const named = new Set<number>();
    for (let id = 1; id <= conf.get(0, Conf.destTop); id++) if (!this.#free(id, units)) named.add(dests.get(id, Dest.service));
    for (const { service, dest } of livingConnections(this.tables, this.options.clock()))
      if (dest === BypassAbi.BYPASS_DEST) named.add(service);
    for (let id = services.count - 1; id >= 1; id--) {
      if (services.get(id, Service.state) === WeirState.LIVE || named.has(id)) continue;
      this.#services.push({ id, order: services.get(id, Service.order) });
    }
  }

  /** undefined: there is none. */
  destination(): number | undefined {
    for (const units of [undefined, ...this.#waits]) {
      if (units !== undefined) this.#listDestinations(units);
      for (let id = this.#destinations.pop(); id !== undefined; id = this.#destinations.pop()) if (this.#free(id, this.#units)) return id;
    }
    return undefined;
  }

  #listDestinations(units: number): void {
    this.#units = units;
    for (let id = this.tables.dests.count - 1; id >= 1; id--) if (this.#isFit(id, units)) this.#destinations.push(id);
  }

  /** No template and no locality names it, and it had no connection for so long that no packet for it can be in flight. */
  #isFit(id: number, units: number): boolean {
    const { dests } = this.tables;
    const state = dests.get(id, Dest.state);
    if (state !== WeirState.DEAD) return state === WeirState.FREE;
    const isNamed = [Dest.active, Dest.inactive, Dest.persistent, Dest.localities].some((count) => dests.get(id, count) !== 0);
    return !isNamed && clockDifference(this.options.clock(), dests.get(id, Dest.idleSince)) >= units;
  }

  /** Frees a removed destination that is fit for it; whether it is free. */
  #free(id: number, units: number): boolean {
    const { dests } = this.tables;
    if (!this.#isFit(id, units)) return false;
    if (dests.get(id, Dest.state) === WeirState.FREE) return true;
    this.options.free(id);
    return true;
  }
}
