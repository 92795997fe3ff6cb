// The templates of persistent services: a fixed number of slots, in which the key of a template has two homes.
import { type Connection, isAssured } from './connection.js';
import type { Ip } from './ip.js';
import type { CountReason } from './reason.js';
import type { DestinationRecord, ServiceRecord } from './records.js';
import type { Settings } from './settings.js';
import { HELD_SECONDS, hasExpired, isWorthLess, leads, networkOf, type Template, timeoutOf } from './template.js';

/** Slots of a home. */
const WAYS = 8;
const SECOND_HOME = 0x9e3779b1;

/** Of a client's network and a service: 32 bits, the lower half for the first home, the upper one for the second. */
export type TemplateHash = (network: Ip, service: ServiceRecord) => number;

/** Where a template may be: its own slot, else a free one of the home that has more of them, else the one that gives way. */
interface Places {
  readonly free: [number | undefined, number | undefined];
  /** How many free slots the first home has more than the second. */
  more: number;
  evict: number | undefined;
}

export class TemplateTable {
  readonly #slots: (Template | undefined)[];

  /** `slots`: a power of two, 8 at least. */
  constructor(
    readonly settings: Settings,
    slots: number,
    readonly hashOf: TemplateHash,
    readonly count: CountReason,
  ) {
    this.#slots = new Array<Template | undefined>(slots).fill(undefined);
  }

  /** The destination of the client's template, whose time begins again. undefined: the service has none that leads anywhere. */
  lead(service: ServiceRecord, client: Ip, now: number): DestinationRecord | undefined {
    const found = this.#find(service, client);
    if (found === undefined || !leads(this.settings, found)) return undefined;
    found.expires = now + timeoutOf(this.settings, found);
    return found.destination;
  }

  /** The template of a client without one that leads, if the service is persistent. */
  make(destination: DestinationRecord, client: Ip, now: number): void {
    const { service } = destination;
    const network = networkOf(service, client);
    if (service.persistence === undefined || network === undefined) return;
    const slot = this.#slotFor(service, network);
    const before = this.#slots[slot];
    if (before !== undefined) {
      before.destination.persistent--;
      if (before.service !== service || before.network !== network) this.count('template_replaced');
    }
    const timeout = this.settings.wholeUnitsOf(service.persistence.timeout);
    this.#slots[slot] = { network, service, destination, timeout, expires: now + timeout, held: false, assured: false };
    destination.persistent++;
  }

  /** A connection shows that its client is a real one. */
  assure(connection: Connection): void {
    const found = this.#of(connection);
    if (found !== undefined) found.assured = true;
  }

  /** Those that expired stay for another while where connections hold them, and go where none does, as the timer finds within a second. */
  sweep(connections: Iterable<Connection>, now: number): void {
    const expired = new Set(this.#slots.filter((each) => each !== undefined && hasExpired(each, now)));
    if (expired.size === 0) return;
    const held = new Set<Template>();
    for (const connection of connections) {
      const template = this.#of(connection);
      if (template === undefined || !expired.has(template)) continue;
      held.add(template);
      if (isAssured(connection)) template.assured = true;
    }
    this.#slots.forEach((template, slot) => {
      if (template === undefined || !expired.has(template)) return;
      if (held.has(template)) this.#hold(template, now);
      else {
        template.destination.persistent--;
        this.#slots[slot] = undefined;
      }
    });
  }

  /** By slot. */
  *entries(): Generator<readonly [number, Template]> {
    for (const [slot, template] of this.#slots.entries()) if (template !== undefined) yield [slot, template];
  }

  #hold(template: Template, now: number): void {
    const time = this.settings.wholeUnitsOf(HELD_SECONDS);
    template.held = true;
    template.expires += time;
    if (hasExpired(template, now)) template.expires = now + time;
  }

  /** The template that leads the connection's client to its destination. */
  #of({ service, client, destination }: Connection): Template | undefined {
    const found = this.#find(service, client.address);
    return found?.destination === destination ? found : undefined;
  }

  #find(service: ServiceRecord, client: Ip): Template | undefined {
    const network = networkOf(service, client);
    if (network === undefined) return undefined;
    for (const [slot] of this.#places(service, network)) {
      const found = this.#slots[slot];
      if (found?.service === service && found.network === network) return found;
    }
    return undefined;
  }

  #slotFor(service: ServiceRecord, network: Ip): number {
    const places: Places = { free: [undefined, undefined], more: 0, evict: undefined };
    for (const [slot, home] of this.#places(service, network)) {
      const found = this.#slots[slot];
      if (found?.service === service && found.network === network) return slot;
      this.#note(places, slot, home);
    }
    const { free, more, evict } = places;
    const [first, second] = free;
    return (more >= 0 ? (first ?? second) : (second ?? first)) ?? evict ?? 0;
  }

  #note(places: Places, slot: number, home: 0 | 1): void {
    const found = this.#slots[slot];
    if (found === undefined) {
      places.free[home] = slot;
      places.more += home === 0 ? 1 : -1;
      return;
    }
    const worst = places.evict === undefined ? undefined : this.#slots[places.evict];
    if (worst === undefined || isWorthLess(this.settings, found, worst)) places.evict = slot;
  }

  /** Each slot where the template may be, with the number of its home. */
  *#places(service: ServiceRecord, network: Ip): Generator<readonly [number, 0 | 1]> {
    const hash = this.hashOf(network, service);
    const homes = [hash, Math.imul(hash >>> 16, SECOND_HOME)] as const;
    for (const home of [0, 1] as const)
      for (let way = 0; way < WAYS; way++) yield [((Math.imul(homes[home], WAYS) + way) & (this.#slots.length - 1)) >>> 0, home];
  }
}
