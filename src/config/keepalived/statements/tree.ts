// Builds statements with bodies from flat pieces (lines and braces). It never gives up: it reports wrong braces and continues.

import type { Report } from '../diagnostics/report.js';
import type { Keyword, Origin, Statement, Word } from '../keyword.js';
import { splitWords } from '../lines/split-words.js';
import { isBlank, type Text } from '../lines/text.js';
import { named } from './keyword-index.js';

/** The output of flatten(): the text between braces, line by line, and the braces. */
export type Piece =
  | { readonly kind: 'line'; readonly line: Text }
  | { readonly kind: 'open'; readonly at: Origin }
  | { readonly kind: 'close'; readonly at: Origin };

/** A Statement that may still get a body. `raw` is computed on demand: few need it, and there may be a million. */
class Growing {
  readonly keyword: Word;
  readonly words: readonly Word[];
  body?: Growing[];
  readonly #line: string;
  readonly #end: number;

  constructor(keyword: Word, words: readonly Word[], line: string, end: number) {
    this.keyword = keyword;
    this.words = words;
    this.#line = line;
    this.#end = end;
  }

  get raw(): string {
    return this.#line.slice(this.#end).trim();
  }
}

/** An open brace. `name`: the keyword before it; `table`: the keywords allowed inside; absent: any lines, or an unknown block. */
interface Frame {
  readonly into: Growing[];
  readonly at: Origin;
  readonly name?: string;
  readonly table?: readonly Keyword[] | undefined;
  /** A line that belongs to an outer block was reported. */
  isReported?: boolean;
}

function statementOf(line: Text, report: Report): Growing | undefined {
  const { words, open } = splitWords(line);
  if (open !== undefined) report('quote-unmatched', open, { line: line.text.trim() });
  const keyword = words[0];
  if (keyword === undefined) return undefined;
  let end = keyword.quoted ? line.text.indexOf('"', line.text.indexOf('"') + 1) + 1 : 0;
  if (!keyword.quoted) {
    while (isBlank(line.text[end]!)) end++;
    end += keyword.text.length;
  }
  return new Growing(keyword, words.length === 1 ? NO_WORDS : words.slice(1), line.text, end);
}

const NO_WORDS: readonly Word[] = [];

/** Deeper nesting than any real configuration has. */
const DEPTH_MAX = 8;

class Builder {
  readonly #report: Report;
  readonly #root: Growing[] = [];
  readonly #frames: Frame[] = [];
  #table: readonly Keyword[] | undefined;
  /** The last line, while a brace may still follow it. */
  #pending: { readonly statement: Growing; readonly block: boolean; readonly table: readonly Keyword[] | undefined } | undefined;

  constructor(root: readonly Keyword[] | undefined, report: Report) {
    this.#report = report;
    this.#table = root;
    this.#frames.push({ into: this.#root, at: { file: '', line: 1, column: 1 }, table: root });
  }

  #push(frame: Frame): void {
    this.#frames.push(frame);
    this.#table = frame.table;
  }

  #openBody(at: Origin): void {
    const pending = this.#pending!;
    this.#pending = undefined;
    pending.statement.body ??= [];
    this.#push({ into: pending.statement.body, at, name: pending.statement.keyword.text, table: pending.table });
  }

  /** A block without its brace: the next line shows whether it was forgotten. */
  #forgottenBrace(next: Growing): boolean {
    const pending = this.#pending;
    if (pending === undefined || !pending.block) return false;
    const inBlock = pending.table !== undefined && named(pending.table, next.keyword.text) !== undefined;
    const anyLine = pending.table === undefined && this.#table !== undefined && named(this.#table, next.keyword.text) === undefined;
    return inBlock || anyLine;
  }

  /** If an outer block has the keyword and this one does not, a closing brace was probably forgotten: reported once a block. */
  #forgottenEnd({ keyword }: Growing): void {
    const frame = this.#frames.at(-1)!;
    if (frame.isReported === true || frame.name === undefined) return;
    if (frame.table !== undefined && named(frame.table, keyword.text) !== undefined) return;
    const outer = this.#frames.slice(-1 - DEPTH_MAX, -1).flatMap(({ table }) => (table === undefined ? [] : [named(table, keyword.text)]));
    const kinds = outer.flatMap((found) => (found === undefined ? [] : [found.argument.kind]));
    // In a list of free lines, only a keyword that opens a block certainly does not belong.
    if (!kinds.some((kind) => frame.table !== undefined || kind === 'block' || kind === 'lines')) return;
    frame.isReported = true;
    this.#report('keyword-inside-block', keyword.at, { keyword: keyword.text, name: frame.name, line: frame.at.line });
  }

  line(text: Text): void {
    const statement = statementOf(text, this.#report);
    if (statement === undefined) return;
    if (this.#forgottenBrace(statement)) {
      const name = this.#pending!.statement.keyword.text;
      this.#report('brace-missing', statement.keyword.at, { name });
      this.#openBody(statement.keyword.at);
    }
    this.#forgottenEnd(statement);
    this.#frames.at(-1)!.into.push(statement);
    const argument = this.#table === undefined ? undefined : named(this.#table, statement.keyword.text)?.argument;
    const table = argument?.kind === 'block' ? argument.keywords() : undefined;
    this.#pending = { statement, block: argument?.kind === 'block' || argument?.kind === 'lines', table };
  }

  open(at: Origin): void {
    if (this.#pending !== undefined) {
      this.#openBody(at);
      return;
    }
    this.#report('brace-unexpected', at);
    const frame = this.#frames.at(-1)!;
    this.#push({ into: frame.into, at, table: frame.table });
  }

  close(at: Origin): void {
    this.#pending = undefined;
    if (this.#frames.length === 1) {
      this.#report('brace-extra', at);
      return;
    }
    this.#frames.pop();
    this.#table = this.#frames.at(-1)!.table;
  }

  end(): readonly Statement[] {
    const missing = this.#frames.length - 1;
    if (missing > 0) {
      const { at } = this.#frames.at(-1)!;
      this.#report('braces-unbalanced', at, { missing, file: at.file, line: at.line, column: at.column });
    }
    return this.#root;
  }
}

/**
 * The statements of a configuration. `root`: the table of the outermost level, by which a forgotten `{` is found; without it every line is
 * accepted.
 */
export function parseTree(pieces: Iterable<Piece>, root: readonly Keyword[] | undefined, report: Report): readonly Statement[] {
  const builder = new Builder(root, report);
  for (const piece of pieces) {
    if (piece.kind === 'line') builder.line(piece.line);
    else if (piece.kind === 'open') builder.open(piece.at);
    else builder.close(piece.at);
  }
  return builder.end();
}
