// Reading a line that is a value itself (an address, a route, a rule, a tracker), word by word.

import type { Report, Statement, Word } from '../keyword.js';
import type { Bounds } from '../values/number.js';
import { readWhole } from '../values/number.js';
import { lineWords } from '../values/values.js';
import { tellError, tellFatal, tellNotice } from './report.js';

/** A place in a line. `take` gives the next word and moves on; what is said stands at the word it is about. */
export class Line {
  private readonly words: readonly Word[];
  private at = 0;

  constructor(
    statement: Statement,
    private readonly report: Report,
  ) {
    this.words = lineWords(statement);
  }

  get first(): string {
    return this.words[0]?.text ?? '';
  }

  peek(): Word | undefined {
    return this.words[this.at];
  }

  take(): Word | undefined {
    const word = this.words[this.at];
    if (word !== undefined) this.at++;
    return word;
  }

  /** The word behind the one just taken. Without one the start ends (exit 2), as the original does for routes and rules. */
  need(): Word | undefined {
    const word = this.take();
    if (word !== undefined) return word;
    const before = this.words[this.at - 1]!;
    const text = `*** Configuration line starting \`${this.first}\` is missing a parameter after keyword \`${before.text}\` at word position ${this.at + 1}`;
    tellFatal(this.report, before.at, text);
    return undefined;
  }

  /** Leaves the rest of the line unread. */
  end(): void {
    this.at = this.words.length;
  }

  /** Takes the next word if it is `text`. */
  skip(text: string): boolean {
    if (this.peek()?.text !== text) return false;
    this.at++;
    return true;
  }

  error(word: Word, text: string, hint?: string): void {
    tellError(this.report, word.at, text, hint);
  }

  notice(word: Word, text: string): void {
    tellNotice(this.report, word.at, text);
  }

  /** The word as a whole number; otherwise the general message and `otherwise`. */
  number(word: Word, bounds: Bounds, otherwise: string): number | undefined {
    const { value, problem } = readWhole(word.text, bounds);
    if (problem !== undefined) {
      this.error(word, problem);
      this.error(word, otherwise);
    }
    return value;
  }
}

/** `track_group NAME` of a static object: taken where a group of that name stands before it, else told. */
export function nameTrackGroup(line: Line, word: Word, draft: { trackGroup?: string }, groups: ReadonlySet<string> | undefined): void {
  if (groups?.has(word.text) === true) draft.trackGroup = word.text;
  else line.error(word, `track_group ${word.text} not found`, 'a track_group stands before what names it');
}
