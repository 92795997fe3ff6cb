// Whether a text has a match, by a deterministic automaton whose states are made as texts need them: one look-up a byte.
import type { Program } from './program.js';

const STATES_MAX = 1000;
const STATES_MIN = 16;
const UNKNOWN = -1;
const ACCEPTS = 1;
const ACCEPTS_AT_END = 2;

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

export class Automaton {
  readonly #program: Program;
  readonly #classOf: Uint8Array;
  readonly #samples: readonly number[];
  /** Of each state: the instructions that wait for a byte, or for the end. State 0 is that of the text's start. */
  #threads: (readonly number[])[] = [];
  #known = new Map<string, number>();
  /** A row a state: the state after a byte of each class. */
  #next = new Int32Array(0);
  #flags = new Uint8Array(0);

  constructor(program: Program) {
    this.#program = program;
    const { classOf, samples } = classesOf(program);
    this.#classOf = classOf;
    this.#samples = samples;
    this.#begin();
  }

  #begin(): void {
    this.#threads = [];
    this.#known = new Map();
    this.#make(this.#closure([0], true, false), this.#closure([0], true, true));
  }

  /** All instructions reached without a byte; `end` instructions stay in it unless `atEnd`. */
  #closure(from: readonly number[], atStart: boolean, atEnd: boolean): readonly number[] {
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
    return [...seen].filter((at) => ['bytes', 'end', 'match'].includes(this.#program[at]?.kind ?? '')).sort((a, b) => a - b);
  }

  #has(threads: readonly number[]): boolean {
    return threads.some((at) => this.#program[at]?.kind === 'match');
  }

  #make(threads: readonly number[], threadsAtEnd: readonly number[]): number {
    const state = this.#threads.push(threads) - 1;
    if (state >= this.#flags.length) {
      const states = Math.max(STATES_MIN, 2 * state);
      const [next, flags] = [this.#next, this.#flags];
      this.#next = new Int32Array(states * this.#samples.length);
      this.#next.set(next);
      this.#flags = new Uint8Array(states);
      this.#flags.set(flags);
    }
    this.#next.fill(UNKNOWN, state * this.#samples.length, (state + 1) * this.#samples.length);
    this.#flags[state] = (this.#has(threads) ? ACCEPTS : 0) | (this.#has(threadsAtEnd) ? ACCEPTS_AT_END : 0);
    return state;
  }

  #stateOf(threads: readonly number[]): number {
    const key = threads.join();
    const known = this.#known.get(key) ?? this.#make(threads, this.#closure(threads, false, true));
    this.#known.set(key, known);
    return known;
  }

  #step(from: number, byteClass: number): number {
    const byte = this.#samples[byteClass] ?? 0;
    const taken = (this.#threads[from] ?? []).filter((at) => {
      const one = this.#program[at];
      return one?.kind === 'bytes' && one.set.has(byte);
    });
    // A match may begin at any byte.
    const threads = this.#closure([...taken.map((at) => at + 1), 0], false, false);
    if (this.#threads.length >= STATES_MAX) {
      this.#begin();
      return this.#stateOf(threads);
    }
    const to = this.#stateOf(threads);
    this.#next[from * this.#samples.length + byteClass] = to;
    return to;
  }

  /** Whether it matches anywhere. `text`: a character a byte; behind one above 255 nothing matches. */
  test(text: string): boolean {
    const classOf = this.#classOf;
    const width = this.#samples.length;
    let [next, flags] = [this.#next, this.#flags];
    let at = 0;
    for (let index = 0; index < text.length; index++) {
      if (((flags[at] as number) & ACCEPTS) !== 0) return true;
      const code = text.charCodeAt(index);
      if (code > 255) return false;
      const byteClass = classOf[code] as number;
      const to = next[at * width + byteClass] as number;
      if (to !== UNKNOWN) at = to;
      else {
        at = this.#step(at, byteClass);
        [next, flags] = [this.#next, this.#flags];
      }
    }
    return flags[at] !== 0;
  }
}
