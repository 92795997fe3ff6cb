// $NAME=value: definitions, and the substitution of $NAME and ${NAME}.
import { entryOf } from '../../../model/own-entry.js';
import { compose, type Part, slice, type Text } from './text.js';

/** A parameter's value: one line, or several (a definition that continued after backslashes). */
export type Value = readonly string[];

/** The values of the names that begin with `_`. */
export interface Predefined {
  /** `${_PWD}`: the directory of the file being read. */
  directory(): string;
  /** `${_INSTANCE}` */
  readonly configId: string;
  /** `${_ENV NAME}` */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `${_RANDOM [min [max]]}`: a whole number, both bounds included. */
  random(min: number, max: number): number;
}

/** `$NAME=value`, the value without surrounding blanks. */
const DEFINITION = /^\$([A-Za-z_]\w*)=[ \t]*(.*?)[ \t]*$/s;

export function readDefinition(text: string): { readonly name: string; readonly value: string } | undefined {
  const match = text.startsWith('$') ? DEFINITION.exec(text) : null;
  return match === null ? undefined : { name: match[1]!, value: match[2]! };
}

/** A place to substitute: `${NAME words}`, or `$NAME` followed by a character that ends a name. */
const USE = /\$(?:\{([A-Za-z_]\w*)((?: [^{}"]*)?)\}|([A-Za-z_]\w*)(?=[\s,)}]|$))/g;

/** Substitutions in one line, and its length, beyond which it counts as endless. */
const USES_MAX = 1_000;
/** Lines that the values in one line may add. */
const VALUE_LINES_MAX = 100_000;
export const LINE_LENGTH_MAX = 65_536;

/**
 * A line after substitution. `more`: the lines that follow, if its last parameter has several. `steps`: the number of characters copied.
 * `endless`: it was given up.
 */
export interface Substituted {
  readonly text: Text;
  readonly more: Value;
  readonly steps: number;
  readonly endless: boolean;
}

export class Parameters {
  readonly #values = new Map<string, Value>();

  define(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  #value(name: string, words: string, predefined: Predefined): Value | undefined {
    const own = words === '' ? this.#values.get(name) : undefined;
    if (own !== undefined) return own;
    if (name === '_RANDOM') return random(words, predefined);
    if (name === '_ENV') return environment(words, predefined);
    if (words !== '') return undefined;
    if (name === '_PWD') return [predefined.directory()];
    if (name === '_INSTANCE') return [predefined.configId];
    return name === '_HASH' ? ['#'] : name === '_BANG' ? ['!'] : undefined;
  }

  /** Values may contain parameters themselves (`${${A}}` too): repeats until nothing is left to substitute. */
  substitute(line: Text, predefined: Predefined): Substituted {
    let text = line;
    let more: Value = [];
    let from = 0;
    let steps = 0;
    for (let uses = 0; uses < USES_MAX; uses++) {
      const found = this.#next(text.text, from, predefined);
      if (found === undefined) return { text, more, steps, endless: false };
      const { at, length, value } = found;
      const [first = '', ...rest] = value;
      const parts: Part[] = [
        { from: 0, to: at },
        { insert: first, index: at },
        { from: at + length, to: text.text.length },
      ];
      text = compose(text, parts);
      steps += text.text.length;
      if (rest.length > 0) more = [...rest, ...more];
      if (text.text.length > LINE_LENGTH_MAX || more.length > VALUE_LINES_MAX) break;
      from = text.text.lastIndexOf('${', at) === -1 ? at : 0;
    }
    return { text: slice(line, 0, 0), more: [], steps, endless: true };
  }

  #next(text: string, from: number, predefined: Predefined): { at: number; length: number; value: Value } | undefined {
    if (!text.includes('$', from)) return undefined;
    USE.lastIndex = from;
    for (let match = USE.exec(text); match !== null; match = USE.exec(text)) {
      const value = this.#value(match[1] ?? match[3]!, match[2] ?? '', predefined);
      const last = match.index + match[0].length === text.trimEnd().length;
      if (value !== undefined && (value.length === 1 || last)) return { at: match.index, length: match[0].length, value };
      USE.lastIndex = match.index + 1;
    }
    return undefined;
  }
}

function random(words: string, predefined: Predefined): Value | undefined {
  const bounds = words.trim() === '' ? [] : words.trim().split(/\s+/).map(Number);
  const [min = 0, max = 32767] = bounds;
  if (bounds.length > 2 || !Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < min) return undefined;
  return [String(predefined.random(min, max))];
}

function environment(words: string, predefined: Predefined): Value | undefined {
  const name = words.trim();
  const value = entryOf(predefined.environment, name);
  return value === undefined ? undefined : [value];
}
