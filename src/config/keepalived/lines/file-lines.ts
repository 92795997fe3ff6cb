// The lines of one file, and what is wrong with its encoding.
import type { Report } from '../diagnostics/report.js';

/** UTF-16 with a byte order mark that was decoded as UTF-8: each byte of the mark became a Latin-1 character. */
const UTF_16 = /^(?:\u00ff\u00fe|\u00fe\u00ff)/;

/** The lines without a byte order mark. A UTF-16 file gives none. */
export function fileLines(path: string, text: string, report: Report): readonly string[] {
  const at = { file: path, line: 1, column: 1 };
  if (UTF_16.test(text)) {
    report('file-utf-16', at);
    return [];
  }
  const marked = text.startsWith('\ufeff');
  if (marked) report('file-byte-order-mark', at);
  if (!text.includes('\n') && /\r[^\r]*\r/.test(text)) report('file-line-ends', at);
  return (marked ? text.slice(1) : text).split('\n');
}
