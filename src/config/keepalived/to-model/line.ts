// Reads a line that is a value itself (an address, a route, a rule, a tracker) word by word.

import { type Report, reportProblem } from '../diagnostics/report.js';
import type { DetailsOf, DiagnosticCode } from '../diagnostics/table.js';
import type { Statement, Word } from '../keyword.js';
import type { Bounds } from '../values/number.js';
import { readWhole } from '../values/number.js';
import { lineWords } from '../values/values.js';

/** A position in a line. `take` returns the next word and advances. */
export class Line {
  readonly words: readonly Word[];
  #at = 0;

  constructor(
    statement: Statement,
    readonly report: Report,
  ) {
    this.words = lineWords(statement);
  }

  get first(): string {
    return this.words[0]?.text ?? '';
  }

  peek(): Word | undefined {
    return this.words[this.#at];
  }

  take(): Word | undefined {
    const word = this.words[this.#at];
    if (word !== undefined) this.#at++;
    return word;
  }

  /** The word behind the one just taken. If it is missing, keepalived exits with 2, for routes and rules. */
  need(): Word | undefined {
    const word = this.take();
    if (word !== undefined) return word;
    const before = this.words[this.#at - 1]!;
    this.report('argument-missing', before.at, { keyword: this.first, after: before.text, position: this.#at + 1 });
    return undefined;
  }

  /** Skips the rest of the line. */
  end(): void {
    this.#at = this.words.length;
  }

  /** Takes the next word if it is `text`. */
  skip(text: string): boolean {
    if (this.peek()?.text !== text) return false;
    this.#at++;
    return true;
  }

  /** The word as a whole number; otherwise reports what is wrong with it, then `code`. */
  number<C extends DiagnosticCode>(word: Word, bounds: Bounds, code: C, details: DetailsOf<C>): number | undefined {
    const { value, problem } = readWhole(word.text, bounds);
    if (problem !== undefined) {
      reportProblem(this.report, word.at, problem);
      this.report(code, word.at, details);
    }
    return value;
  }
}

/** `track_group NAME` of a static object: reported if no group of that name is defined above it. */
export function nameTrackGroup(line: Line, word: Word, draft: { trackGroup?: string }, groups: ReadonlySet<string> | undefined): void {
  if (groups?.has(word.text) === true) draft.trackGroup = word.text;
  else line.report('track-group-unknown', word.at, { word: word.text });
}
