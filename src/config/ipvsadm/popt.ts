// popt's way of reading a command line, with its oddities: `-w5`, `-w=5`, clusters, `--weight=5`, optional arguments.

/** `argument`: none, one, or one only if it stands attached or the next word does not begin with `-`. */
export interface OptionSpelling<Id extends string> {
  readonly id: Id;
  readonly long: string;
  readonly short?: string;
  readonly argument: 'none' | 'required' | 'optional';
}

export type PoptStep<Id extends string> =
  | { readonly kind: 'option'; readonly id: Id; readonly argument: string | undefined }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly reason: string };

const UNKNOWN_OPTION = 'unknown option';
const MISSING_ARGUMENT = 'missing argument';
const UNWANTED_ARGUMENT = 'option does not take an argument';

/** Spellings by what is typed, made once for many command lines. */
export interface OptionIndex<Id extends string> {
  readonly byLong: ReadonlyMap<string, OptionSpelling<Id>>;
  readonly byShort: ReadonlyMap<string, OptionSpelling<Id>>;
}

export function optionIndex<Id extends string>(spellings: readonly OptionSpelling<Id>[]): OptionIndex<Id> {
  const byLong = new Map(spellings.map((spelling) => [spelling.long, spelling]));
  const byShort = new Map(spellings.flatMap((spelling) => (spelling.short === undefined ? [] : [[spelling.short, spelling] as const])));
  return { byLong, byShort };
}

/** Reads words one option at a time; words that are no options are kept for `takeLeftover`. */
export class Popt<Id extends string> {
  readonly #words: readonly string[];
  readonly #index: OptionIndex<Id>;
  readonly #leftovers: string[] = [];
  #next = 0;
  /** What is left of a cluster of short options, `=` included. */
  #cluster = '';
  #onlyLeftovers = false;

  constructor(words: readonly string[], index: OptionIndex<Id>) {
    this.#words = words;
    this.#index = index;
  }

  /** The word read last, as it was typed: what an error message names. An argument that stood alone counts as read. */
  get word(): string {
    return this.#words[this.#next - 1] ?? '';
  }

  /** The next option, the end, or popt's complaint (with `word`). */
  next(): PoptStep<Id> {
    if (this.#cluster !== '') return this.#short();
    while (this.#next < this.#words.length) {
      const word = this.#words[this.#next++] ?? '';
      if (this.#onlyLeftovers || !word.startsWith('-') || word === '-') {
        this.#leftovers.push(word);
      } else if (word === '--') {
        this.#onlyLeftovers = true;
      } else if (word.startsWith('--')) {
        return this.#long(word.slice(2));
      } else {
        this.#cluster = word.slice(1);
        return this.#short();
      }
    }
    return { kind: 'end' };
  }

  /** The next word that is no option. Complete once `next` answered `end`. */
  takeLeftover(): string | undefined {
    return this.#leftovers.shift();
  }

  #long(text: string): PoptStep<Id> {
    const equals = text.indexOf('=');
    const option = this.#index.byLong.get(equals < 0 ? text : text.slice(0, equals));
    if (option === undefined) return { kind: 'error', reason: UNKNOWN_OPTION };
    return this.#withArgument(option, equals < 0 ? undefined : text.slice(equals + 1));
  }

  #short(): PoptStep<Id> {
    const option = this.#index.byShort.get(this.#cluster.slice(0, 1));
    if (option === undefined) return { kind: 'error', reason: UNKNOWN_OPTION };
    const rest = this.#cluster.slice(1);
    if (option.argument === 'none') {
      this.#cluster = rest;
      return this.#withArgument(option, rest.startsWith('=') ? rest : undefined);
    }
    this.#cluster = '';
    return this.#withArgument(option, rest === '' ? undefined : rest.replace(/^=/, ''));
  }

  #withArgument(option: OptionSpelling<Id>, attached: string | undefined): PoptStep<Id> {
    const { id, argument } = option;
    if (argument === 'none') {
      return attached === undefined ? { kind: 'option', id, argument: undefined } : { kind: 'error', reason: UNWANTED_ARGUMENT };
    }
    if (attached !== undefined) return { kind: 'option', id, argument: attached };
    const next = this.#words[this.#next];
    if (next === undefined) {
      return argument === 'optional' ? { kind: 'option', id, argument: undefined } : { kind: 'error', reason: MISSING_ARGUMENT };
    }
    if (argument === 'optional' && next.startsWith('-')) return { kind: 'option', id, argument: undefined };
    this.#next++;
    return { kind: 'option', id, argument: next };
  }
}
