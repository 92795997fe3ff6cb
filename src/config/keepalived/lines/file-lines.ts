// The lines of one file, and what is wrong with how it was saved.
import type { Report } from '../diagnostics/report.js';

/** UTF-16 with its mark, as it comes out where UTF-8 was expected: each of the mark's bytes a character of Latin-1. */
const UTF_16 = /^(?:\u00ff\u00fe|\u00fe\u00ff)/;

/** Without a byte order mark. UTF-16 has no lines that could be read. */
export function fileLines(path: string, text: string, report: Report): readonly string[] {
  const at = { file: path, line: 1, column: 1 };
  if (UTF_16.test(text)) {
    report('file-utf-16', at);
    return [];
  }
  const marked = text.startsWith('\ufeff');
  if (marked) report('file-byte-order-mark', at);
  if (!text.includes('\n') && /\r[^\r]*\r/.test(text)) {
    report('file-line-ends', at);
  }
  return (marked ? text.slice(1) : text).split('\n');
}
