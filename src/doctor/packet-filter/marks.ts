// Marks that rules write, into a packet or into its connection: which ones a packet may have after those that it may meet, one after the other.
// A new connection has no mark before its first packet meets a rule that stores one. Pure.

/** The mark of a packet, or that of its connection (ct mark). */
export type MarkPlace = 'packet' | 'connection';

/**
 * (`into` & `keeps`) ^ (`from` & `and`) ^ `xor` is the new mark of `into`. `from` absent: no other mark is read. `and`, `xor` undefined: what is
 * written is not known.
 */
export interface MarkWrite {
  readonly into: MarkPlace;
  readonly keeps: number;
  readonly from?: MarkPlace;
  readonly and?: number;
  readonly xor?: number;
}

/** What a mark may be: `value` in the bits of `mask`; the others are not known. */
export interface PossibleMark {
  readonly value: number;
  readonly mask: number;
}

export const ALL_BITS = 0xffffffff;
const UNKNOWN: PossibleMark = { value: 0, mask: 0 };
/** Of a new packet and of a new connection. */
const UNMARKED: PossibleMark = { value: 0, mask: ALL_BITS };
/** More are taken for any: rules that copy marks to and fro make many. */
const POSSIBLE_MAX = 64;

export const isPossible = ({ value, mask }: PossibleMark, mark: number): boolean => ((mark ^ value) & mask) === 0;

function written({ keeps, and = 0, xor }: MarkWrite, source: PossibleMark): PossibleMark {
  if (xor === undefined) return UNKNOWN;
  const mask = ~keeps & (~and | source.mask);
  return { value: ((source.value & and) ^ xor) & mask, mask };
}

class Marks {
  readonly #all = new Map<string, PossibleMark>();

  add(mark: PossibleMark): void {
    if (this.#all.size < POSSIBLE_MAX) this.#all.set(`${mark.value}/${mark.mask}`, mark);
    else this.#all.set('', UNKNOWN);
  }

  get all(): readonly PossibleMark[] {
    return [...this.#all.values()];
  }
}

/** The marks of a first packet and of its connection, by the rules that it may have met. */
export class MarksOnTheWay {
  readonly #places: Readonly<Record<MarkPlace, Marks>> = { packet: new Marks(), connection: new Marks() };

  /** The packet may meet what makes these changes. The marks that the packet, not the connection, may have by them. */
  meets(writes: readonly MarkWrite[]): readonly PossibleMark[] {
    return writes.flatMap((write) => {
      const found = this.#sources(write).map((source) => written(write, source));
      for (const mark of found) this.#places[write.into].add(mark);
      return write.into === 'packet' ? found : [];
    });
  }

  /** A mark that nothing has written is no source, unless something is added to it: what it gives is no mark either. */
  #sources({ from, xor }: MarkWrite): readonly PossibleMark[] {
    if (from === undefined) return [UNMARKED];
    return xor === 0 ? this.#places[from].all : [UNMARKED, ...this.#places[from].all];
  }
}
