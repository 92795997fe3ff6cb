// The shape of the keyword tables. One table serves the reader, the messages and the reference manual.

/** A place in a file. Lines and columns count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One word of a line, without quotes, and whether it was quoted (a quoted `{` opens nothing). */
export interface Word {
  readonly text: string;
  readonly at: Origin;
  readonly quoted: boolean;
}

/** A keyword with its words and, if braces followed, its body. `raw`: the rest of the line as written, for scripts. */
export interface Statement {
  readonly keyword: Word;
  readonly words: readonly Word[];
  readonly raw: string;
  readonly body?: readonly Statement[];
}

/** How a keyword's arguments are read. Each comment names the type of the value. */
export type Argument =
  /** true; further words are reported */
  | { readonly kind: 'flag' }
  /** boolean: on off true false yes no; no word means on */
  | { readonly kind: 'boolean' }
  /** number */
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  /** number, microseconds: decimal seconds (or `unit: 'ms'`), six decimals at most; `stepUs` 1000: three */
  | { readonly kind: 'time'; readonly minUs: number; readonly maxUs: number; readonly unit?: 'ms'; readonly stepUs?: 1000 }
  /** string: one word. `alone`: an empty word, or several words, count as missing */
  | { readonly kind: 'text'; readonly maxLength?: number; readonly alone?: true }
  /** Address */
  | { readonly kind: 'address'; readonly family?: 'inet' | 'inet6' }
  /** string: one of these */
  | { readonly kind: 'choice'; readonly of: readonly string[]; readonly anyCase?: boolean }
  /** string: the line behind the keyword as written (regular expressions); `optional`: the keyword may stand alone, '' then */
  | { readonly kind: 'raw'; readonly optional?: true }
  /** readonly Word[]: all words, read by the block's builder; fewer than `min` are fatal */
  | { readonly kind: 'words'; readonly min: number }
  /** Script: a command by keepalived's splitter, then `[user [group]]` */
  | { readonly kind: 'script' }
  /**
   * readonly Statement[]: lines in braces that are values themselves (virtual_ipaddress, unicast_peer). With `label: 1` (a name before the
   * brace: virtual_server_group): Values whose only value is `lines`. `words`: the words that may stand on a line, for the manual.
   */
  | { readonly kind: 'lines'; readonly label?: 1; readonly words?: () => readonly Keyword[] }
  /** Values: a block of keywords; `label`: the number of words before the brace (all are stored, a missing one is fatal) */
  | { readonly kind: 'block'; readonly keywords: () => readonly Keyword[]; readonly label: 0 | 1 | 2 };

/**
 * keepalived's messages about one keyword, beside the reader's general ones. `%v`: the first word as written, `%k`: the keyword as written,
 * `%n`: the name of the surrounding block (`(%n) …` for an instance).
 */
export interface Wording {
  /** The argument cannot be read. The reader's general message (invalid number, out of range) comes first. */
  readonly invalid?: string;
  /** The argument (or the name of a block) is missing: an error (exit 5) instead of a fatal one (exit 2). */
  readonly missing?: string;
  /** The keyword is spelled in one of its `deprecated` ways. */
  readonly deprecated?: string;
  /** The keyword was repeated: an error, and the first one counts. Absent: the last one counts, silently. */
  readonly again?: string;
}

export interface Keyword {
  readonly name: string;
  /** Older spellings that are still read. */
  readonly aliases?: readonly string[];
  readonly argument: Argument;
  /** May be repeated, and every value counts; otherwise the last one counts. */
  readonly repeated?: boolean;
  /** As it would be written; absent: unset. */
  readonly default?: string;
  /** One line for the manual and for messages. */
  readonly meaning: string;
  /** What weir does with it. `accepted`: read, but without effect, reported once. Absent: yes. */
  readonly acted?: 'yes' | 'accepted';
  /** Why it has no effect: a phrase that follows a colon. Every `accepted` keyword has one. */
  readonly because?: string;
  /** The first release of keepalived that has it, if newer than 2.2.7. */
  readonly since?: string;
  readonly messages?: Wording;
  /** integer: the value that replaces a refused number; absent: the line counts as not written. */
  readonly refusedAs?: number;
  /** Old spellings (of `aliases`) that are reported as deprecated. */
  readonly deprecated?: readonly string[];
}

/** The values of a block, typed by the table's `argument`; `at` is the place of the keyword. */
export interface Value {
  readonly value: unknown;
  readonly at: Origin;
  /** Position among the statements of its block, from 0. File positions cannot order them, because files include files. */
  readonly order: number;
}
export interface Values {
  readonly label: readonly Word[];
  readonly at: Origin;
  /** By the keyword's name (not its alias). Keywords that are not `repeated` have one entry. */
  readonly of: ReadonlyMap<string, readonly Value[]>;
}
