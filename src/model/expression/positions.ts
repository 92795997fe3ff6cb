// A program as sets of its positions, for steps that cost as many words of 32 positions as there are, and little more: most positions lead to the next
// one alone, which is a shift; the others are grouped by where they lead besides.
import type { Program } from './program.js';
import { ExpressionError } from './syntax.js';

/** A bit for each position. */
export type PositionSet = Int32Array;

/** Of each group of positions: where its words and those of what it leads to stand, and which of a set they are. One list, as it is walked for each byte. */
interface Groups {
  readonly places: Int32Array;
  readonly bits: Int32Array;
}
const PLACES = 6;

/** Words that one byte may cost: 30,000 bytes take 50 ms at most. */
const BYTE_COST_MAX = 500;

const has = (set: PositionSet, at: number): boolean => (((set[at >>> 5] as number) >>> (at & 31)) & 1) === 1;

const add = (set: PositionSet, at: number): void => {
  set[at >>> 5] = (set[at >>> 5] as number) | (1 << (at & 31));
};

export const intersects = (a: PositionSet, b: PositionSet): boolean => a.some((word, index) => (word & (b[index] as number)) !== 0);

const wordsOf = (set: PositionSet): readonly [number, number] => {
  const first = set.findIndex((word) => word !== 0);
  return first < 0 ? [0, 0] : [first, set.findLastIndex((word) => word !== 0) + 1];
};

/** Bytes that are the same to every instruction have one class. */
function classesOf(program: Program): { readonly classOf: Uint8Array; readonly samples: readonly number[] } {
  const classOf = new Uint8Array(256);
  const bySignature = new Map<string, number>();
  const samples: number[] = [];
  const sets = program.flatMap((one) => (one.kind === 'bytes' ? [one.set] : []));
  for (let byte = 0; byte < 256; byte++) {
    const signature = sets.map((set) => (set.has(byte) ? '1' : '0')).join('');
    const known = bySignature.get(signature) ?? samples.push(byte) - 1;
    bySignature.set(signature, known);
    classOf[byte] = known;
  }
  return { classOf, samples };
}

export class Positions {
  readonly #program: Program;
  /** Of each position the instruction: those that take a byte, wait for the end, or match. */
  readonly #instructions: readonly number[];
  readonly #positionOf: ReadonlyMap<number, number>;
  /** 32 positions a word. */
  readonly words: number;
  readonly classOf: Uint8Array;
  readonly classes: number;
  /** Of each class of bytes, the positions that take it. */
  readonly #takes: readonly PositionSet[];
  /** Those that lead to the next position. */
  readonly #shifts: PositionSet;
  readonly #groups: Groups;
  /** Where a match may begin behind the text's start. */
  readonly inside: PositionSet;
  readonly matches: PositionSet;
  /** What matches at the text's end. */
  readonly matchesAtEnd: PositionSet;
  readonly #taken: PositionSet;
  /** So many instructions at most lie between two bytes. */
  widest = 0;

  /** @throws ExpressionError where a byte may cost too much */
  constructor(program: Program) {
    this.#program = program;
    this.#instructions = program.flatMap(({ kind }, at) => (kind === 'bytes' || kind === 'end' || kind === 'match' ? [at] : []));
    this.#positionOf = new Map(this.#instructions.map((at, position) => [at, position]));
    this.words = Math.ceil(this.#instructions.length / 32);
    const { classOf, samples } = classesOf(program);
    this.classOf = classOf;
    this.classes = samples.length;
    const those = (holds: (at: number) => boolean): PositionSet => this.#setOf(this.#instructions.filter(holds));
    this.#takes = samples.map((byte) =>
      those((at) => {
        const one = program[at];
        return one?.kind === 'bytes' && one.set.has(byte);
      }),
    );
    this.inside = this.closure([0], false, false);
    this.matches = those((at) => program[at]?.kind === 'match');
    this.matchesAtEnd = those((at) => intersects(this.closure([at], false, true), this.matches));
    this.#taken = this.empty();
    this.widest = 0;
    this.#shifts = this.empty();
    this.#groups = this.#grouped();
    const cost = this.#groups.bits.length + (2 * this.#groups.places.length) / PLACES;
    if (cost + 3 * this.words > BYTE_COST_MAX) throw new ExpressionError('too many steps from one byte to the next', 0);
  }

  empty(): PositionSet {
    return new Int32Array(this.words);
  }

  #setOf(instructions: Iterable<number>): PositionSet {
    const set = this.empty();
    for (const at of instructions) add(set, this.#positionOf.get(at) ?? 0);
    return set;
  }

  #grouped(): Groups {
    const groups = new Map<string, { readonly from: PositionSet; readonly to: PositionSet }>();
    const leads = this.#instructions.flatMap((at, position) =>
      this.#program[at]?.kind === 'bytes' ? [{ position, to: this.closure([at + 1], false, false) }] : [],
    );
    const shared = new Map<string, number>();
    for (const { to } of leads) shared.set(to.join(), (shared.get(to.join()) ?? 0) + 1);
    for (const { position, to } of leads) {
      const next = position + 1;
      if (has(to, next) && shared.get(to.join()) === 1) {
        add(this.#shifts, position);
        to[next >>> 5] = (to[next >>> 5] as number) & ~(1 << (next & 31));
      }
      const key = to.join();
      const group = groups.get(key) ?? { from: this.empty(), to };
      add(group.from, position);
      groups.set(key, group);
    }
    const places: number[] = [];
    const bits: number[] = [];
    for (const { from, to } of groups.values()) {
      const [[first, end], [toFirst, toEnd]] = [wordsOf(from), wordsOf(to)];
      if (toEnd === 0) continue;
      places.push(first, end, bits.length - first, toFirst, toEnd, bits.length + end - first - toFirst);
      bits.push(...from.subarray(first, end), ...to.subarray(toFirst, toEnd));
    }
    return { places: Int32Array.from(places), bits: Int32Array.from(bits) };
  }

  /** All positions reached without a byte from instructions. */
  closure(from: readonly number[], atStart: boolean, atEnd: boolean): PositionSet {
    const seen = new Set<number>();
    const left = [...from];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const one = this.#program[at];
      if (one === undefined) continue;
      if (one.kind === 'jump') left.push(one.to);
      else if (one.kind === 'split') left.push(one.first, one.second);
      else if (one.kind === 'save' || (one.kind === 'start' && atStart) || (one.kind === 'end' && atEnd)) left.push(at + 1);
    }
    this.widest = Math.max(this.widest, seen.size);
    return this.#setOf([...seen].filter((at) => this.#positionOf.has(at)));
  }

  /** Whether the position of an instruction is in the set that begins at a word of a list. */
  holds(sets: Int32Array, instruction: number, firstWord: number): boolean {
    return has(sets, 32 * firstWord + (this.#positionOf.get(instruction) ?? 0));
  }

  /** The positions that take a byte of a class and lead to one of `from`, and those that match. */
  backward(from: PositionSet, byteClass: number, to: PositionSet): void {
    const taken = this.#taken;
    taken.fill(0);
    this.#follow(from, taken, 3);
    const takes = this.#takes[byteClass] as PositionSet;
    for (let index = 0; index < this.words; index++) {
      const shifted = ((from[index] as number) >>> 1) | ((from[index + 1] ?? 0) << 31);
      const leads = (taken[index] as number) | (shifted & (this.#shifts[index] as number));
      to[index] = (leads & (takes[index] as number)) | (this.matches[index] as number);
    }
  }

  /** The positions after a byte of a class; a match may begin there, too. `to` is another set than `from`. */
  forward(from: PositionSet, byteClass: number, to: PositionSet): void {
    const takes = this.#takes[byteClass] as PositionSet;
    const taken = this.#taken;
    let carry = 0;
    for (let index = 0; index < this.words; index++) {
      const word = (from[index] as number) & (takes[index] as number);
      const shifted = word & (this.#shifts[index] as number);
      taken[index] = word;
      to[index] = (this.inside[index] as number) | (shifted << 1) | carry;
      carry = shifted >>> 31;
    }
    this.#follow(taken, to, 0);
  }

  /** Adds to a set where the groups lead that a set has a position of; `side` 3: where they come from instead. */
  #follow(set: PositionSet, to: PositionSet, side: 0 | 3): void {
    const { places, bits } = this.#groups;
    const other = 3 - side;
    for (let group = 0; group < places.length; group += PLACES) {
      const end = places[group + side + 1] as number;
      const offset = places[group + side + 2] as number;
      for (let index = places[group + side] as number; index < end; index++) {
        if (((set[index] as number) & (bits[offset + index] as number)) === 0) continue;
        const otherEnd = places[group + other + 1] as number;
        const otherOffset = places[group + other + 2] as number;
        for (let at = places[group + other] as number; at < otherEnd; at++)
          to[at] = (to[at] as number) | (bits[otherOffset + at] as number);
        break;
      }
    }
  }
}
