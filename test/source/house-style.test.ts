// Rules of style that lint cannot express: names, sizes, the opening comment, words that mean unfinished work.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, filesUnder, read, typescript } from '../support/project.js';

const written = typescript();
const everything = ['src', 'test', 'bench', 'dev', 'web', 'ansible', 'bpf', 'native', 'bin', 'docs', '.ci'].flatMap((folder) =>
  filesUnder(folder),
);
const code = everything.filter((file) => /\.(tsx?|mjs|c|h|sh)$/.test(file));

test('files are named in kebab-case', () => {
  const wrong = written.filter((file) => !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+(?:(?:\.long)?\.test|\.gen)?\.tsx?$/.test(file));
  assert.deepEqual(wrong, []);
});

test('a file has 400 lines at most, and the median of src/ is under 150', () => {
  const lengths = code.map((file) => ({ file, lines: read(file).split('\n').length - 1 }));
  assert.deepEqual(
    lengths.filter(({ lines }) => lines > 400),
    [],
  );
  const ordered = lengths
    .filter(({ file }) => file.startsWith('src/'))
    .map(({ lines }) => lines)
    .sort((a, b) => a - b);
  assert.ok((ordered[ordered.length >> 1] ?? 0) < 150);
});

test('a file opens by saying what it is for (a test beside its subject is for that)', () => {
  const opens = /^(?:#!.*\n)?(?:\/\/ |\/\*\*? ?|# |\/\* )\s*\S/;
  const beside = (file: string): boolean => file.endsWith('.test.ts') && code.includes(file.replace(/\.test\.ts$/, '.ts'));
  const wrong = code.filter((file) => {
    if (beside(file)) return false;
    const text = read(file).replace(/^\/\/ SPDX[^\n]*\n|^\/\* SPDX[^\n]*\*\/\n/, '');
    return !opens.test(text);
  });
  assert.deepEqual(wrong, []);
});

test('no enum: unions of literals', () => {
  const wrong = written.filter((file) => /^\s*(?:export\s+)?(?:const\s+|declare\s+)?enum\s+\w/m.test(codeOf(read(file))));
  assert.deepEqual(wrong, []);
});

test('nothing is left for later in the text', () => {
  const words = new RegExp(`\\b(?:${['TO', 'FIX', 'X'].map((start, index) => start + ['DO', 'ME', 'XX'][index]).join('|')})\\b`);
  const wrong = everything.filter((file) => /\.(ts|mjs|c|h|sh|md)$/.test(file)).filter((file) => words.test(read(file)));
  assert.deepEqual(wrong, []);
});

test('a function of the datapath or the addon has fewer than 60 lines', () => {
  const wrong = code
    .filter((file) => /^(?:bpf|native)\/.*\.[ch]$/.test(file))
    .flatMap((file) => {
      const lines = read(file).split('\n');
      return lines.flatMap((line, end) => {
        if (line !== '}') return [];
        const start = lines.findLastIndex((text, index) => index < end && /^(?:\{|[^\s/*#}].*[{])$/.test(text));
        return end - start >= 61 && /\)\s*\{?$|^\{$/.test(lines[start] ?? '') ? [`${file}:${start + 1}: ${end - start - 1} lines`] : [];
      });
    });
  assert.deepEqual(wrong, []);
});

test('no test is switched off', () => {
  const wrong = written.filter(
    (file) =>
      file.endsWith('.test.ts') &&
      /\b(?:test|it|describe)\.(?:skip|todo|only)\b|\b\w+\.todo\(|[{,]\s*(?:todo|only):/.test(codeOf(read(file))),
  );
  assert.deepEqual(wrong, []);
});
