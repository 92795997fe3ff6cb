// What is known of fragmented packets: where the first fragment went, which the later ones follow, and those that wait.

import type { Ip } from './ip.js';
import type { FragmentSpan, Packet } from './packet.js';
import type { DestinationRecord, Method } from './records.js';

/** FULLNAT: the source that requests get, and the ID of the whole packet. */
export interface LocalSource {
  readonly address: Ip;
  readonly port: number;
  readonly id: number;
}

/** `request`, `reply`: as the packet's connection. `virtual`: the source that replies get. `client`: FULLNAT, the target that they get. */
export type FragmentNote =
  | { readonly kind: 'pass' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'request'; readonly destination: DestinationRecord; readonly method: Method; readonly local?: LocalSource }
  | { readonly kind: 'reply'; readonly destination: DestinationRecord; readonly virtual: Ip; readonly client?: Ip };

/** A fragment that waits: by which device it came. */
export interface HeldFragment {
  readonly device: string;
  readonly bytes: Uint8Array;
}

export interface FragmentEntry {
  /** Clock units. */
  readonly until: number;
  /** undefined: the first fragment has not come. */
  readonly note: FragmentNote | undefined;
  /** Until the first fragment has come: the number of the one that waits, and came last; 0: none. */
  readonly held: number;
  /** Until then: how long the packet is behind its IP header, once the last fragment has come; and the number of the first one, which waits for that; 0. */
  readonly whole: number;
  readonly first: number;
  /** Since then: of the fragments that have come. */
  readonly spans: readonly FragmentSpan[];
}

/** Has each fragment of a packet come, once? Then what has its ID is another packet's. */
export function isWhole(spans: readonly FragmentSpan[]): boolean {
  const ends = spans.flatMap(({ to }) => to ?? []).toSorted((a, b) => a - b);
  const begins = spans.flatMap(({ from }) => from || []).toSorted((a, b) => a - b);
  return ends.length === begins.length && ends.every((end, k) => end === begins[k]);
}

/** `next`: the number of the one before it, of the same packet; 0: none. */
interface RingPlace {
  readonly number: number;
  readonly next: number;
  readonly fragment: HeldFragment;
}

export const NOTE_SECONDS = 10;
export const HELD_SECONDS = 2;
/** With the Ethernet header; longer ones are not held back. */
export const HELD_MAX_BYTES = 2048;
/** Places of fragments that wait. The oldest gives way. */
const HELD_MAX = 1024;
/** Of one packet. */
const RELEASED_MAX = 128;

/** RFC 791; RFC 8200, 4.5: of IPv6 one ID serves all protocols. */
export const fragmentKey = (
  { family, source, destination, protocol }: Pick<Packet, 'family' | 'source' | 'destination' | 'protocol'>,
  id: number,
): string => `${family === 'inet' ? protocol : 'any'} ${id} ${source} ${destination}`;

export class Fragments {
  /** Masqueraded servers that are known: their later fragments may wait. With the last ID that FULLNAT gave a packet to each. */
  readonly servers = new Map<Ip, number>();
  readonly #entries = new Map<string, FragmentEntry>();
  readonly #ring = new Map<number, RingPlace>();
  #handed = 0;

  /** `onLost`: for each that waited, and whose place another one took. */
  constructor(readonly onLost: () => void = () => {}) {}

  know(server: Ip): void {
    if (!this.servers.has(server)) this.servers.set(server, 0);
  }

  /** FULLNAT: of the next packet to a server that is in fragments, or will be cut. To it, all clients of a local address are one host. */
  nextId(server: Ip): number {
    const id = ((this.servers.get(server) ?? 0) + 1) >>> 0;
    this.servers.set(server, id);
    return id;
  }

  /** Of a packet that is not whole yet, for a first fragment: what waits for it is not forgotten, however long it has waited. undefined: none, or none yet. */
  noteBefore(key: string, now: number): FragmentNote | undefined {
    const { note, spans, until } = this.#entries.get(key) ?? { note: undefined, spans: [], until: now };
    return until < now || isWhole(spans) ? undefined : note;
  }

  /** Of a packet, whole or not, for a later fragment that comes once more. undefined: none, or none yet. */
  note(key: string, now: number): FragmentNote | undefined {
    return this.#living(key, now)?.note;
  }

  /** The same for a later fragment that belongs to the packet from here on: what is behind a whole one is of another packet, and has none. */
  noteFor(key: string, now: number, span: FragmentSpan): FragmentNote | undefined {
    const entry = this.#living(key, now);
    if (entry?.note === undefined) return undefined;
    if (isWhole(entry.spans)) {
      this.#entries.delete(key);
      return undefined;
    }
    this.#entries.set(key, { ...entry, spans: [...entry.spans, span] });
    return entry.note;
  }

  /** Until when an entry counts or counted. undefined: there is none. */
  untilOf(key: string): number | undefined {
    return this.#entries.get(key)?.until;
  }

  /** Will the first fragment let others come in again? Also those that have waited for too long, as long as they keep their places. */
  isAwaited(key: string): boolean {
    return (this.#entries.get(key)?.held ?? 0) !== 0;
  }

  /** Will the last fragment let the first one come in again? */
  awaitsLast(key: string): boolean {
    return (this.#entries.get(key)?.first ?? 0) !== 0;
  }

  /** How long a packet of SCTP is behind its IP header; 0: it is not known. */
  whole(key: string, now: number): number {
    const { note, whole = 0 } = this.#living(key, now) ?? {};
    return note === undefined ? whole : 0;
  }

  /** The same, of a packet whose other fragments are not known. */
  setWhole(key: string, whole: number, until: number): void {
    this.#entries.set(key, { until, note: undefined, held: 0, whole, first: 0, spans: [] });
  }

  /** By key, of those that count at this time. */
  living(now: number): ReadonlyMap<string, FragmentEntry> {
    return new Map([...this.#entries].filter(([, { until }]) => until >= now));
  }

  /**
   * Stores what became of a first fragment, of so many bytes with its headers. Returns the later ones that waited for it, the last one first. The first one is
   * copied into the ring meanwhile, since its memory is what the others come in again with: a place that it takes is lost, and where it is too long, all are.
   */
  store(key: string, note: FragmentNote, until: number, bytes: number, span: FragmentSpan): readonly HeldFragment[] {
    const { held = 0 } = this.#entries.get(key) ?? {};
    this.#entries.set(key, { until, note, held: 0, whole: 0, first: 0, spans: [span] });
    if (held === 0 || note.kind === 'drop') return [];
    if (bytes > HELD_MAX_BYTES) {
      this.onLost();
      return [];
    }
    this.#takePlace();
    return this.#release(held);
  }

  /** Keeps a later fragment until the first one comes. `whole`: what it shows of the packet's length. Returns the first one, if it waits for that. */
  hold(key: string, fragment: HeldFragment, now: number, until: number, whole: number): HeldFragment | undefined {
    const waiting = this.#living(key, now);
    const number = this.#keep(fragment, waiting?.held ?? 0);
    const { first = 0 } = waiting ?? {};
    const entry = { until: waiting?.until ?? until, note: undefined, held: number, spans: [] };
    this.#entries.set(key, { ...entry, whole: whole || (waiting?.whole ?? 0), first: whole === 0 ? first : 0 });
    return whole === 0 || first === 0 ? undefined : this.#release(first)[0];
  }

  /** Keeps a first fragment until the length of its packet is known. What is known of another packet that had the ID is forgotten. */
  keepFirst(key: string, fragment: HeldFragment, now: number, until: number): void {
    const entry = this.#living(key, now);
    const waiting = entry?.note === undefined ? entry : undefined;
    const first = this.#keep(fragment, 0);
    if (waiting !== undefined && waiting.first !== 0) this.#release(waiting.first); // it came twice
    this.#entries.set(key, { until: waiting?.until ?? until, note: undefined, held: waiting?.held ?? 0, whole: 0, first, spans: [] });
  }

  #keep(fragment: HeldFragment, next: number): number {
    const number = this.#takePlace();
    this.#ring.set(number % HELD_MAX, { number, next, fragment });
    return number;
  }

  /** The number of a place that is free now. */
  #takePlace(): number {
    this.#handed++;
    if (this.#ring.delete(this.#handed % HELD_MAX)) this.onLost();
    return this.#handed;
  }

  #release(last: number): readonly HeldFragment[] {
    const released: HeldFragment[] = [];
    let number = last;
    while (number !== 0 && released.length < RELEASED_MAX) {
      const place = this.#ring.get(number % HELD_MAX);
      if (place?.number !== number) break;
      this.#ring.delete(number % HELD_MAX);
      released.push(place.fragment);
      number = place.next;
    }
    return released;
  }

  #living(key: string, now: number): FragmentEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.until >= now) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}
