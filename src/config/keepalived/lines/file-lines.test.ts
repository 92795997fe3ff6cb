// Encodings and line ends of files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Diagnostic, reportTo } from '../diagnostics/report.js';
import { fileLines } from './file-lines.js';

function look(text: string) {
  const reported: Diagnostic[] = [];
  const lines = fileLines(
    'a.conf',
    text,
    reportTo((diagnostic) => reported.push(diagnostic)),
  );
  return { lines, reported: reported.map(({ text: what }) => what) };
}

test('UTF-8 is split into lines; its byte order mark is reported and removed', () => {
  assert.deepEqual(look('a\nb'), { lines: ['a', 'b'], reported: [] });
  assert.deepEqual(look('\ufeffa\nb'), { lines: ['a', 'b'], reported: ['the file begins with a byte order mark - ignoring it'] });
});

test('UTF-16 is reported once, in either byte order', () => {
  for (const [first, second] of ['ÿþ', 'þÿ']) {
    assert.deepEqual(look(`${first}${second}g\0l\0`), { lines: [], reported: ['the file is UTF-16 - ignoring it'] });
  }
});

test('lines that end in CR only are reported; CRLF and a single CR are not', () => {
  assert.deepEqual(look('a {\rb\r}').reported, ['the lines of the file end in CR only: it is read as one line']);
  assert.deepEqual(look('a {\r\nb\r\n}\r\n').reported, []);
  assert.deepEqual(look('a\r').reported, []);
});
