// The shape of the keyword tables: one table is the single source of reader, messages and reference manual.

/** Where text stands. Lines and columns count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One word of a line, unquoted, and whether it was quoted (a quoted `{` opens nothing). */
export interface Word {
  readonly text: string;
  readonly at: Origin;
  readonly quoted: boolean;
}

/** A keyword with its words and, where braces followed, its body. `raw`: the line behind the keyword as written, for scripts. */
export interface Statement {
  readonly keyword: Word;
  readonly words: readonly Word[];
  readonly raw: string;
  readonly body?: readonly Statement[];
}

/** How a keyword's arguments are read. The value's type stands behind each. */
export type Argument =
  /** true; words behind it are reported */
  | { readonly kind: 'flag' }
  /** boolean: on off true false yes no; nothing means on */
  | { readonly kind: 'boolean' }
  /** number */
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  /** number, microseconds: decimal seconds (or `unit: 'ms'`), six decimals at most; `stepUs` 1000: three */
  | { readonly kind: 'time'; readonly minUs: number; readonly maxUs: number; readonly unit?: 'ms'; readonly stepUs?: 1000 }
  /** string: one word. `alone`: with others behind it, or empty, it counts as missing */
  | { readonly kind: 'text'; readonly maxLength?: number; readonly alone?: true }
  /** Address */
  | { readonly kind: 'address'; readonly family?: 'inet' | 'inet6' }
  /** string: one of these */
  | { readonly kind: 'choice'; readonly of: readonly string[]; readonly anyCase?: boolean }
  /** string: the line behind the keyword as written (regular expressions); `optional`: the keyword may stand alone, '' then */
  | { readonly kind: 'raw'; readonly optional?: true }
  /** readonly Word[]: as many as there are, read by the block's own code; `min` missing ones are fatal */
  | { readonly kind: 'words'; readonly min: number }
  /** Script: a command by keepalived's splitter, then `[user [group]]` */
  | { readonly kind: 'script' }
  /**
   * readonly Statement[]: lines in braces that are values themselves (virtual_ipaddress, unicast_peer). With `label: 1` (a name
   * before the brace: virtual_server_group): Values, the lines being the one value of `lines`. `words`: what may stand on a line, for the manual.
   */
  | { readonly kind: 'lines'; readonly label?: 1; readonly words?: () => readonly Keyword[] }
  /** Values: a block of keywords; `label`: how many words stand before the brace (all are kept, a missing one is fatal) */
  | { readonly kind: 'block'; readonly keywords: () => readonly Keyword[]; readonly label: 0 | 1 | 2 };

/**
 * What keepalived says about one keyword, beside the reader's own words. `%v`: the first word as written, `%k`: the keyword as written,
 * `%n`: the name of the block it stands in (`(%n) …` for an instance).
 */
export interface Wording {
  /** The argument cannot be read; the reader's general message (invalid number, out of range) comes first. */
  readonly invalid?: string;
  /** There is no argument (or a block has no name): said, exit 5, instead of ending the start with exit 2. */
  readonly missing?: string;
  /** One of the keyword's `deprecated` spellings stands here. */
  readonly deprecated?: string;
  /** It stood before: said, and the first one is kept. Absent: the last one counts, silently. */
  readonly again?: string;
}

export interface Keyword {
  readonly name: string;
  /** Older spellings, still read. */
  readonly aliases?: readonly string[];
  readonly argument: Argument;
  /** May stand more than once (each is kept); otherwise the last one counts. */
  readonly repeated?: boolean;
  /** As one writes it; absent: unset. */
  readonly default?: string;
  /** One line for the manual and for messages. */
  readonly meaning: string;
  /** What weir does with it: `yes`, or `accepted`: understood, not carried out, reported once. Absent: yes. */
  readonly acted?: 'yes' | 'accepted';
  /** Why nothing is done about it, in words that stand behind a colon: what is `accepted` has a reason. */
  readonly because?: string;
  /** keepalived's release that has it, where newer than 2.2.7. */
  readonly since?: string;
  readonly messages?: Wording;
  /** integer: what a number that was refused stands for; absent: the line counts as not written. */
  readonly refusedAs?: number;
  /** Old spellings (of `aliases`) that are reported as deprecated. */
  readonly deprecated?: readonly string[];
}

/** What a block said. Values are typed by the table's `argument`; `at` is the keyword's place. */
export interface Value {
  readonly value: unknown;
  readonly at: Origin;
  /** Its place among the statements of its block, from 0: places in files do not tell, for files include files. */
  readonly order: number;
}
export interface Values {
  readonly label: readonly Word[];
  readonly at: Origin;
  /** By keyword's name (not alias); unrepeated keywords have one entry. */
  readonly of: ReadonlyMap<string, readonly Value[]>;
}
