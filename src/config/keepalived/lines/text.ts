// Configuration text that remembers where each character was written, through substitution and repetition.
import type { Origin } from '../keyword.js';

/** From character `from` on: text as written, beginning at `column`; or (`inserted`) all of it replaces what stands at `column`. */
interface Span {
  readonly from: number;
  readonly column: number;
  readonly inserted: boolean;
}

/** One logical line, or part of one. */
export interface Text {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  /** Sorted by `from`; the first one begins at 0. */
  readonly spans: readonly Span[];
}

/** A line as it stands in its file. */
export const written = (text: string, file: string, line: number): Text => ({
  text,
  file,
  line,
  spans: [{ from: 0, column: 1, inserted: false }],
});

/** The last span that begins at or before `index`. */
function spanIndex(spans: readonly Span[], index: number): number {
  let low = 0;
  let high = spans.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (spans[middle]!.from <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

function columnAt(text: Text, index: number): number {
  const span = text.spans[spanIndex(text.spans, index)]!;
  return span.inserted ? span.column : span.column + index - span.from;
}

/** The last result: many words of one expansion share one place. */
let latest: Origin = { file: '', line: 0, column: 0 };

/** The place of the character at `index`; behind the end: the place after the last character. */
export function originAt(text: Text, index: number): Origin {
  const { file, line } = text;
  const column = columnAt(text, index);
  if (latest.column !== column || latest.line !== line || latest.file !== file) latest = { file, line, column };
  return latest;
}

/** Does all of it stand for one place? Then every part does, too. */
const isOnePlace = ({ spans }: Text): boolean => spans.length === 1 && spans[0]!.inserted;

/** Characters `from` up to `to`, like String.slice without negative indexes. */
export function slice(text: Text, from: number, to = text.text.length): Text {
  if (from === 0 && to >= text.text.length) return text;
  if (isOnePlace(text)) return { text: text.text.slice(from, to), file: text.file, line: text.line, spans: text.spans };
  const first = spanIndex(text.spans, from);
  const spans: Span[] = [{ from: 0, column: columnAt(text, from), inserted: text.spans[first]!.inserted }];
  for (let at = first + 1; at < text.spans.length && text.spans[at]!.from < to; at++) {
    const span = text.spans[at]!;
    spans.push({ from: span.from - from, column: span.column, inserted: span.inserted });
  }
  return { text: text.text.slice(from, to), file: text.file, line: text.line, spans };
}

/** A piece of a new text: part of the old one, or an insertion that replaces what was written at `index`. */
export type Part = { readonly from: number; readonly to: number } | { readonly insert: string; readonly index: number };

/** Builds a text from parts of the old one and insertions. */
export function compose(text: Text, parts: readonly Part[]): Text {
  if (isOnePlace(text)) {
    const made = parts.map((part) => ('insert' in part ? part.insert : text.text.slice(part.from, part.to))).join('');
    return { text: made, file: text.file, line: text.line, spans: text.spans };
  }
  let result = '';
  const spans: Span[] = [];
  for (const part of parts) {
    if ('insert' in part) {
      if (part.insert === '') continue;
      spans.push({ from: result.length, column: columnAt(text, part.index), inserted: true });
      result += part.insert;
    } else if (part.to > part.from) {
      const piece = slice(text, part.from, part.to);
      for (const span of piece.spans) spans.push({ ...span, from: span.from + result.length });
      result += piece.text;
    }
  }
  if (spans.length === 0) spans.push({ from: 0, column: columnAt(text, 0), inserted: true });
  return { text: result, file: text.file, line: text.line, spans };
}

/** A text whose characters all stand for one place: the result of an expansion there. */
export const standingFor = (text: string, at: Text, index: number): Text => ({
  text,
  file: at.file,
  line: at.line,
  spans: [{ from: 0, column: columnAt(at, index), inserted: true }],
});

/** The characters that C's isspace() accepts. */
export const isBlank = (character: string): boolean => character === ' ' || (character >= '\t' && character <= '\r');

/** Removes blanks at both ends. */
export function trimmed(line: Text): Text {
  let from = 0;
  let to = line.text.length;
  while (from < to && isBlank(line.text[from]!)) from++;
  while (to > from && isBlank(line.text[to - 1]!)) to--;
  return slice(line, from, to);
}
