// Finds where a text stops being JSON (RFC 8259): JSON.parse does not always report the position. Pure.

export interface JsonError {
  readonly offset: number;
  readonly expected: string;
}

const BLANKS = /[ \t\r\n]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
// Every character from the blank on except the quote and the backslash, or an escape.
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;

class Scanner {
  #at = 0;
  constructor(readonly text: string) {}

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text);
    this.#at += found?.[0].length ?? 0;
    return found !== null;
  }

  #eat(character: string): boolean {
    this.#take(BLANKS);
    const here = this.text[this.#at] === character;
    this.#at += here ? 1 : 0;
    return here;
  }

  #fail(expected: string): JsonError {
    this.#take(BLANKS);
    return { offset: this.#at, expected };
  }

  /** After the opening bracket: items with commas between them, then the closing one. */
  #items(close: string, item: () => JsonError | undefined): JsonError | undefined {
    if (this.#eat(close)) return undefined;
    for (;;) {
      const error = item();
      if (error !== undefined) return error;
      if (this.#eat(close)) return undefined;
      if (!this.#eat(',')) return this.#fail(`, or ${close}`);
    }
  }

  #member(): JsonError | undefined {
    this.#take(BLANKS);
    if (!this.#take(STRING)) return this.#fail('a key in double quotes');
    return this.#eat(':') ? this.#value() : this.#fail(':');
  }

  #value(): JsonError | undefined {
    if (this.#eat('{')) return this.#items('}', () => this.#member());
    if (this.#eat('[')) return this.#items(']', () => this.#value());
    return this.#take(STRING) || this.#take(SCALAR) ? undefined : this.#fail('a value');
  }

  document(): JsonError | undefined {
    const error = this.#value();
    this.#take(BLANKS);
    return error ?? (this.#at < this.text.length ? this.#fail('the end of the file') : undefined);
  }
}

/** The first position at which `text` is not JSON, and what is expected there; undefined when it is JSON. */
export function findJsonError(text: string): JsonError | undefined {
  return new Scanner(text).document();
}
