// The templates of persistent services: a fixed number of slots, in which the key of a template has two homes.
import { type Connection, isAssured } from './connection.js';
import { BUCKET_SHARES } from './defence.js';
import { isSpare } from './drop-entry.js';
import type { Ip } from './ip.js';
import type { CountReason } from './reason.js';
import { type DestinationRecord, isByCall, type ServiceRecord } from './records.js';
import type { Settings } from './settings.js';
import {
  type CallRoom,
  HELD_SECONDS,
  hasBegun,
  hasExpired,
  isProof,
  isWorthLess,
  leads,
  networkOf,
  noteBegun,
  type Template,
  timeoutOf,
} from './template.js';

/** Slots of a home. */
const WAYS = 8;
const SECOND_HOME = 0x9e3779b1;

/** Of a client's network, a service and a call: 32 bits, the lower half for the first home, the upper one for the second. */
export type TemplateHash = (network: Ip, service: ServiceRecord, call: string | undefined) => number;

/** Whose template it is: of a client, or of one call of it (--pe sip). */
export interface Led {
  readonly client: Ip;
  readonly call?: string | undefined;
}

/** Where a template may be: its own slot, else a free one of the home that has more of them, else the one that gives way. */
interface Places {
  readonly free: [number | undefined, number | undefined];
  /** How many free slots the first home has more than the second. */
  more: number;
  evict: number | undefined;
}

type Key = Pick<Template, 'service' | 'network' | 'call'>;

const isOf = (template: Template, { service, network, call }: Key): boolean =>
  template.service === service && template.network === network && template.call === call;

/** Which of these templates are of calls that a connection holds. */
const callsHeldBy = ({ service, client, destination }: Connection, templates: ReadonlySet<Template>): readonly Template[] =>
  [...templates].filter((each) => each.service === service && each.destination === destination && hasBegun(each, client));

export class TemplateTable {
  readonly #slots: (Template | undefined)[];

  /** `slots`: a power of two, 8 at least. */
  constructor(
    readonly settings: Settings,
    slots: number,
    readonly hashOf: TemplateHash,
    readonly calls: CallRoom,
    readonly count: CountReason,
  ) {
    this.#slots = new Array<Template | undefined>(slots).fill(undefined);
  }

  /** The destination of the client's template, whose time begins again. undefined: there is none; one that leads nowhere is lost from now on. */
  lead(service: ServiceRecord, led: Led, now: number): DestinationRecord | undefined {
    const found = service.persistence && this.find(service, led);
    if (found === undefined) return undefined;
    found.lost = !leads(this.settings, found);
    if (found.lost) return undefined;
    if (isProof(this.settings, found, now)) found.assured = true;
    found.expires = now + timeoutOf(this.settings, found);
    return found.destination;
  }

  /** The template of a client without one that leads, if the service is persistent. A call that cannot be stored gets none. */
  make(destination: DestinationRecord, { client, call }: Led, now: number): void {
    const { service } = destination;
    const network = networkOf(service, client);
    if (service.persistence === undefined || network === undefined) return;
    const slot = this.#slotFor({ service, network, call });
    const before = this.#slots[slot];
    if (call !== undefined && before?.call === undefined && this.calls.free === 0) {
      this.count('call_not_stored');
      return;
    }
    this.calls.free += Number(before?.call !== undefined) - Number(call !== undefined);
    if (before !== undefined) {
      before.destination.persistent--;
      if (!before.lost) this.count('template_replaced');
    }
    const timeout = this.settings.wholeUnitsOf(service.persistence.timeout);
    const fresh = { held: false, assured: false, answered: false, lost: false, begun: [] };
    this.#slots[slot] = { network, service, destination, timeout, call, expires: now + timeout, ...fresh };
    destination.persistent++;
  }

  /** A connection of the call begins, which holds its template. */
  begin({ service, client }: Connection, call: string): void {
    const found = this.find(service, { client: client.address, call });
    if (found !== undefined) noteBegun(found, client);
  }

  /** A connection shows that its client is a real one, or that a server has answered. */
  assure(connection: Connection, shown: 'assured' | 'answered'): void {
    for (const each of this.#of(connection)) each[shown] = true;
  }

  /**
   * Is there a template that leads, or led, the connection's client to its destination? One that is older than the persistence of its service has
   * none. Which call it is of, it does not know.
   */
  hasLed({ service, client, destination }: Connection): boolean {
    return isByCall(service) || this.#having(service, { client: client.address }).some((each) => each.destination === destination);
  }

  /** Templates of calls whose clients went on: the timer assures them, when it comes to them. */
  assurable(connections: Iterable<Connection>): ReadonlySet<Template> {
    const open = new Set(this.#slots.filter((each): each is Template => each?.call !== undefined && !each.assured));
    if (open.size === 0) return open;
    return new Set(
      [...connections].filter((each) => isAssured(this.settings, each)).flatMap((connection) => callsHeldBy(connection, open)),
    );
  }

  /**
   * Templates that expired stay for another while where connections hold them, and go where none does, as the timer finds within a second. `share`:
   * of these slots drop_entry ends those that may go and that no connection holds.
   */
  sweep(connections: readonly Connection[], now: number, share?: number): void {
    for (const each of this.assurable(connections)) each.assured = true;
    const isOver = (each: Template): boolean => hasExpired(each, now) || (this.settings.expireNodestConn && each.destination.expires);
    const isAsked = (each: Template, slot: number): boolean => isOver(each) || (slot % BUCKET_SHARES === share && isSpare(each));
    const asked = new Set([...this.entries()].flatMap(([slot, each]) => (isAsked(each, slot) ? [each] : [])));
    if (asked.size === 0) return;
    const held = this.#heldBy(connections, asked);
    for (const [slot, template] of this.entries()) {
      if (!asked.has(template)) continue;
      if (held.has(template)) {
        if (isOver(template)) this.#hold(template, now);
      } else {
        if (!isOver(template)) this.count('drop_entry');
        this.#remove(slot, template);
      }
    }
  }

  /** Those of these that connections hold. */
  #heldBy(connections: readonly Connection[], asked: ReadonlySet<Template>): ReadonlySet<Template> {
    const held = new Set<Template>();
    for (const connection of connections) {
      const own = this.#of(connection).filter((each) => asked.has(each));
      for (const each of [...own, ...callsHeldBy(connection, asked)]) {
        held.add(each);
        if (isAssured(this.settings, connection)) each.assured = true;
      }
    }
    return held;
  }

  #remove(slot: number, template: Template): void {
    template.destination.persistent--;
    this.calls.free += Number(template.call !== undefined);
    this.#slots[slot] = undefined;
  }

  /** Puts in a template that there is already: what it counts for is counted. */
  restore(slot: number, template: Template): void {
    this.#slots[slot] = template;
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

  /**
   * The template that leads the connection's client to its destination, and those in front of it that did before they were lost. A connection does not
   * know its call.
   */
  #of({ service, client, destination }: Connection): readonly Template[] {
    const all = this.#having(service, { client: client.address }).filter((each) => each.destination === destination);
    const leading = all.findIndex(({ lost }) => !lost);
    return leading < 0 ? all : all.slice(0, leading + 1);
  }

  /** The client's template, also one that leads nowhere, if that is not known yet. */
  find(service: ServiceRecord, led: Led): Template | undefined {
    return this.#having(service, led).find(({ lost }) => !lost);
  }

  /** With those that are lost, in the order of their places. */
  #having(service: ServiceRecord, { client, call }: Led): readonly Template[] {
    const network = networkOf(service, client);
    if (network === undefined) return [];
    return [...this.#places({ service, network, call })].flatMap(([slot]) => {
      const found = this.#slots[slot];
      return found !== undefined && isOf(found, { service, network, call }) ? [found] : [];
    });
  }

  #slotFor(key: Key): number {
    const places: Places = { free: [undefined, undefined], more: 0, evict: undefined };
    for (const [slot, home] of this.#places(key)) {
      const found = this.#slots[slot];
      if (found !== undefined && !found.lost && isOf(found, key)) return slot;
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
  *#places({ service, network, call }: Key): Generator<readonly [number, 0 | 1]> {
    const hash = this.hashOf(network, service, call);
    const homes = [hash, Math.imul(hash >>> 16, SECOND_HOME)] as const;
    for (const home of [0, 1] as const)
      for (let way = 0; way < WAYS; way++) yield [((Math.imul(homes[home], WAYS) + way) & (this.#slots.length - 1)) >>> 0, home];
  }
}
