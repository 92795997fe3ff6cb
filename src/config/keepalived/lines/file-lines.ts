// The lines of one file, and what is wrong with how it was saved.
import type { Report } from '../keyword.js';

/** UTF-16 with its mark, as it comes out where UTF-8 was expected: each of the mark's bytes a character of Latin-1. */
const UTF_16 = /^(?:\u00ff\u00fe|\u00fe\u00ff)/;

/** Without a byte order mark. UTF-16 has no lines that could be read. */
export function fileLines(path: string, text: string, report: Report): readonly string[] {
  const tell = (said: string, hint: string, severity: 'error' | 'notice' = 'error'): void =>
    report({ severity, at: { file: path, line: 1, column: 1 }, text: said, hint });
  if (UTF_16.test(text)) {
    tell('the file is UTF-16 - ignoring it', 'save it as UTF-8');
    return [];
  }
  const marked = text.startsWith('\ufeff');
  if (marked) tell('the file begins with a byte order mark - ignoring it', 'save it as UTF-8 without BOM');
  if (!text.includes('\n') && /\r[^\r]*\r/.test(text)) {
    tell('the lines of the file end in CR alone: it is one line', 'save it with LF as the end of lines', 'notice');
  }
  return (marked ? text.slice(1) : text).split('\n');
}
