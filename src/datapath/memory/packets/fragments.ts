// What is known of fragmented packets: where the first fragment went, which the later ones follow, and later ones that wait for it.

import type { Ip } from './ip.js';
import type { FragmentPart, Packet } from './packet.js';
import type { DestinationRecord, Method } from './records.js';

/** `request`, `reply`: as the packet's connection. `virtual`: the source that replies get. */
export type FragmentNote =
  | { readonly kind: 'pass' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'request'; readonly destination: DestinationRecord; readonly method: Method }
  | { readonly kind: 'reply'; readonly destination: DestinationRecord; readonly virtual: Ip };

/** A later fragment that waits: by which device it came. */
export interface HeldFragment {
  readonly device: string;
  readonly bytes: Uint8Array;
}

interface Entry {
  /** Clock units. */
  readonly until: number;
  /** undefined: the first fragment has not come. */
  readonly note: FragmentNote | undefined;
  /** The last one first. */
  readonly held: readonly HeldFragment[];
}

export const NOTE_SECONDS = 10;
export const HELD_SECONDS = 2;
/** With the Ethernet header; longer ones are not held back. */
export const HELD_MAX_BYTES = 2048;

/** RFC 791; RFC 8200, 4.5. */
export const fragmentKey = ({ source, destination, protocol }: Packet, { id }: FragmentPart): string =>
  `${protocol} ${id} ${source} ${destination}`;

export class Fragments {
  /** Masqueraded servers that are known: their later fragments may wait. */
  readonly servers = new Set<Ip>();
  readonly #entries = new Map<string, Entry>();

  /** undefined: none, or none yet. */
  note(key: string, now: number): FragmentNote | undefined {
    return this.#living(key, now)?.note;
  }

  /** Stores what became of a first fragment. Returns the later ones that waited for it, the last one first. */
  store(key: string, note: FragmentNote, until: number): readonly HeldFragment[] {
    const held = this.#entries.get(key)?.held ?? [];
    this.#entries.set(key, { until, note, held: [] });
    return note.kind === 'drop' ? [] : held;
  }

  hold(key: string, fragment: HeldFragment, now: number, until: number): void {
    const waiting = this.#living(key, now);
    this.#entries.set(key, { until: waiting?.until ?? until, note: undefined, held: [fragment, ...(waiting?.held ?? [])] });
  }

  #living(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.until < now ? undefined : entry;
  }
}
