// Whether a text has a match, by a deterministic automaton whose states are made as texts need them: one look-up a byte. A text that needs many new
// states goes on without them, by sets of positions.
import { intersects, type PositionSet, type Positions } from './positions.js';

const STATES_MAX = 1000;
const STATES_MIN = 16;
/** A state costs more than a step without one. */
const NEW_STATES_MAX = 200;
const UNKNOWN = -1;
const ACCEPTS = 1;
const ACCEPTS_AT_END = 2;

export class Automaton {
  readonly #positions: Positions;
  /** State 0 is that of the text's start. */
  #sets: PositionSet[] = [];
  #known = new Map<string, number>();
  /** A row a state: the state after a byte of each class. */
  #next = new Int32Array(0);
  #flags = new Uint8Array(0);

  constructor(positions: Positions) {
    this.#positions = positions;
    this.#begin();
  }

  #begin(): void {
    this.#sets = [];
    this.#known = new Map();
    const { matches } = this.#positions;
    this.#make(this.#positions.closure([0], true, false), intersects(this.#positions.closure([0], true, true), matches));
  }

  #make(set: PositionSet, acceptsAtEnd: boolean): number {
    const state = this.#sets.push(set) - 1;
    const { classes, matches } = this.#positions;
    if (state >= this.#flags.length) {
      const states = Math.max(STATES_MIN, 2 * state);
      const [next, flags] = [this.#next, this.#flags];
      this.#next = new Int32Array(states * classes);
      this.#next.set(next);
      this.#flags = new Uint8Array(states);
      this.#flags.set(flags);
    }
    this.#next.fill(UNKNOWN, state * classes, (state + 1) * classes);
    this.#flags[state] = (intersects(set, matches) ? ACCEPTS : 0) | (acceptsAtEnd ? ACCEPTS_AT_END : 0);
    return state;
  }

  #step(from: number, byteClass: number): number {
    const set = this.#positions.empty();
    this.#positions.forward(this.#sets[from] as PositionSet, byteClass, set);
    const key = String.fromCharCode(...new Uint16Array(set.buffer));
    const isFull = !this.#known.has(key) && this.#sets.length >= STATES_MAX;
    if (isFull) this.#begin();
    const to = this.#known.get(key) ?? this.#make(set, intersects(set, this.#positions.matchesAtEnd));
    this.#known.set(key, to);
    if (!isFull) this.#next[from * this.#positions.classes + byteClass] = to;
    return to;
  }

  /** The rest of a text, from the positions before it. */
  #goesOn(from: PositionSet, text: string, begin: number): boolean {
    const { classOf, matches, matchesAtEnd } = this.#positions;
    let [set, next]: [PositionSet, PositionSet] = [from.slice(), this.#positions.empty()];
    for (let index = begin; index < text.length; index++) {
      if (intersects(set, matches)) return true;
      const code = text.charCodeAt(index);
      if (code > 255) return false;
      this.#positions.forward(set, classOf[code] as number, next);
      [set, next] = [next, set];
    }
    return intersects(set, matchesAtEnd);
  }

  /** Whether it matches anywhere. `text`: a character a byte; behind one above 255 nothing matches. */
  test(text: string): boolean {
    const { classOf, classes } = this.#positions;
    let [next, flags] = [this.#next, this.#flags];
    let [at, made] = [0, 0];
    for (let index = 0; index < text.length; index++) {
      if (((flags[at] as number) & ACCEPTS) !== 0) return true;
      const code = text.charCodeAt(index);
      if (code > 255) return false;
      const byteClass = classOf[code] as number;
      const to = next[at * classes + byteClass] as number;
      if (to !== UNKNOWN) at = to;
      else if (made++ === NEW_STATES_MAX) return this.#goesOn(this.#sets[at] as PositionSet, text, index);
      else {
        at = this.#step(at, byteClass);
        [next, flags] = [this.#next, this.#flags];
      }
    }
    return flags[at] !== 0;
  }
}
