// Sets of bytes: what one step of an automaton takes.
import { entryOf } from '../own-entry.js';

const WORDS = 8;

export class ByteSet {
  readonly #words: readonly number[];

  constructor(words: readonly number[]) {
    this.#words = words;
  }

  has(byte: number): boolean {
    return (((this.#words[byte >>> 5] ?? 0) >>> (byte & 31)) & 1) === 1;
  }

  with(other: ByteSet): ByteSet {
    return new ByteSet(this.#words.map((word, index) => (word | (other.#words[index] ?? 0)) >>> 0));
  }

  negated(): ByteSet {
    return new ByteSet(this.#words.map((word) => ~word >>> 0));
  }

  bytes(): readonly number[] {
    return Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => this.has(byte));
  }

  /** The byte, where there is one alone. */
  single(): number | undefined {
    const bytes = this.bytes();
    return bytes.length === 1 ? bytes[0] : undefined;
  }

  /** With the other case of each letter of ASCII. */
  folded(): ByteSet {
    const isLetter = (byte: number): boolean => (byte | 32) >= 97 && (byte | 32) <= 122;
    return this.bytes().reduce((set, byte) => (isLetter(byte) ? set.with(setOf(byte ^ 32)) : set), this as ByteSet);
  }
}

export const emptySet = new ByteSet(new Array<number>(WORDS).fill(0));

/** `low` to `high`, both included. */
export function setOf(low: number, high = low): ByteSet {
  const words = new Array<number>(WORDS).fill(0);
  for (let byte = low; byte <= high; byte++) words[byte >>> 5] = ((words[byte >>> 5] ?? 0) | (1 << (byte & 31))) >>> 0;
  return new ByteSet(words);
}

const union = (...ranges: readonly (readonly [string, string])[]): ByteSet =>
  ranges.reduce((set, [low, high]) => set.with(setOf(low.charCodeAt(0), high.charCodeAt(0))), emptySet);

const digit = union(['0', '9']);
const word = union(['0', '9'], ['A', 'Z'], ['a', 'z'], ['_', '_']);
const space = union(['\t', '\r'], [' ', ' ']);

const named: Readonly<Record<string, ByteSet>> = {
  '.': setOf(10).negated(),
  d: digit,
  D: digit.negated(),
  w: word,
  W: word.negated(),
  s: space,
  S: space.negated(),
};

/** `.` (all but LF), or the letter of `\d`, `\w`, `\s` and their opposites. */
export const bytesNamed = (name: string): ByteSet => named[name] ?? emptySet;

const posix: Readonly<Record<string, ByteSet>> = {
  alnum: union(['0', '9'], ['A', 'Z'], ['a', 'z']),
  alpha: union(['A', 'Z'], ['a', 'z']),
  blank: union(['\t', '\t'], [' ', ' ']),
  cntrl: setOf(0, 31).with(setOf(127)),
  digit,
  graph: setOf(33, 126),
  lower: union(['a', 'z']),
  print: setOf(32, 126),
  punct: union(['!', '/'], [':', '@'], ['[', '`'], ['{', '~']),
  space,
  upper: union(['A', 'Z']),
  xdigit: union(['0', '9'], ['A', 'F'], ['a', 'f']),
};

/** What `[:name:]` stands for; undefined: there is none of that name. */
export const posixClass = (name: string): ByteSet | undefined => entryOf(posix, name);
