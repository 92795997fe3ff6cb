import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Diagnostic, reportTo } from '../diagnostics/report.js';
import type { Argument, Keyword, Statement, Values } from '../keyword.js';
import { written } from '../lines/text.js';
import { type Piece, parseTree } from '../statements/tree.js';
import { readBlock } from './read-block.js';

const PLACE = { file: 'f', line: 1, column: 1 };

/** Braces on separate lines. */
function read(table: readonly Keyword[], text: string) {
  const reported: Diagnostic[] = [];
  const report = reportTo((diagnostic) => reported.push(diagnostic));
  const pieces = text.split('\n').map((line, index): Piece => {
    if (line === '{') return { kind: 'open', at: PLACE };
    return line === '}' ? { kind: 'close', at: PLACE } : { kind: 'line', line: written(line, 'f', index + 1) };
  });
  const values = readBlock(parseTree(pieces, table, report), table, [{ text: 'V1', at: PLACE, quoted: false }], PLACE, report);
  return { of: values.of, reported: reported.map(({ severity, text }) => `${severity}: ${text}`), hints: reported.map(({ hint }) => hint) };
}

const row = (argument: Argument, more: Partial<Keyword> = {}): Keyword => ({ name: 'k', argument, meaning: '', ...more });
const value = (argument: Argument, line: string, more: Partial<Keyword> = {}): unknown =>
  read([row(argument, more)], line).of.get('k')?.[0]?.value;
const reported = (argument: Argument, line: string, more: Partial<Keyword> = {}): readonly string[] =>
  read([row(argument, more)], line).reported;

const missingText = (keyword: string): string =>
  `fatal: *** Configuration line starting \`${keyword}\` is missing a parameter after keyword \`${keyword}\` at word position 2`;

test('every kind of argument has its value', () => {
  assert.equal(value({ kind: 'flag' }, 'k'), true);
  assert.equal(value({ kind: 'boolean' }, 'k'), true);
  assert.equal(value({ kind: 'boolean' }, 'k off'), false);
  assert.equal(value({ kind: 'integer', min: 1, max: 255 }, 'k 010'), 10);
  assert.equal(value({ kind: 'time', minUs: 0, maxUs: 1e9 }, 'k 1.5'), 1_500_000);
  assert.equal(value({ kind: 'time', minUs: 0, maxUs: 1e9, unit: 'ms' }, 'k 1.5'), 1_500);
  assert.equal(value({ kind: 'text' }, 'k "a b"'), 'a b');
  assert.deepEqual(value({ kind: 'address' }, 'k 10.0.0.1'), { family: 'inet', words: [0x0a000001] });
  assert.equal(value({ kind: 'choice', of: ['TCP', 'UDP'], anyCase: true }, 'k udp'), 'UDP');
  assert.deepEqual(
    (value({ kind: 'words', min: 1 }, 'k a b') as { text: string }[]).map(({ text }) => text),
    ['a', 'b'],
  );
  assert.deepEqual(value({ kind: 'script' }, 'k "/bin/x a" nobody'), {
    argv: ['/bin/x', 'a'],
    text: '/bin/x a',
    runAs: { user: 'nobody' },
  });
  assert.deepEqual(
    (value({ kind: 'lines' }, 'k\n{\na b\n}') as Statement[]).map(({ raw }) => raw),
    ['b'],
  );
  const labelled = value({ kind: 'lines', label: 1 }, 'k G\n{\na b\n}') as Values;
  assert.equal(labelled.label[0]?.text, 'G');
  assert.deepEqual(
    (labelled.of.get('lines')![0]!.value as Statement[]).map(({ raw }) => raw),
    ['b'],
  );
  assert.equal(value({ kind: 'raw' }, 'k  "a b"\\tc '), '"a b"\\tc');
});

test('a missing argument is fatal, unless the keyword has a message for it', () => {
  for (const argument of [
    { kind: 'integer', min: 0, max: 9 },
    { kind: 'time', minUs: 0, maxUs: 9 },
    { kind: 'text' },
    { kind: 'address' },
    { kind: 'choice', of: [] },
    { kind: 'words', min: 1 },
    { kind: 'script' },
  ] as const) {
    assert.deepEqual(reported(argument, 'k'), [missingText('k')]);
    assert.deepEqual(reported(argument, 'k', { messages: { missing: '(%n) %k needs more' } }), ['error: (V1) k needs more']);
    assert.deepEqual(reported(argument, 'k', { messages: { missing: '' } }), []);
  }
  const block: Argument = { kind: 'block', keywords: () => [], label: 1 };
  assert.deepEqual(reported(block, 'k\n{\n}'), [missingText('k')]);
  assert.deepEqual(reported(block, 'k a b\n{\n}', { messages: { missing: 'k must have a name' } }), ['error: k must have a name']);
});

test('errors are reported with the general message, then with that of the keyword', () => {
  const argument: Argument = { kind: 'integer', min: 1, max: 255 };
  assert.deepEqual(reported(argument, 'k 300', { messages: { invalid: "(%n): '%v' not valid" } }), [
    "error: number '300' outside range [1, 255]",
    "error: (V1): '300' not valid",
  ]);
  assert.equal(value(argument, 'k 300'), undefined);
  assert.deepEqual(reported({ kind: 'boolean' }, 'k ON'), ["error: invalid k 'ON'"]);
  assert.deepEqual(reported({ kind: 'text', maxLength: 2 }, 'k abc'), ["error: invalid k 'abc'"]);
  assert.deepEqual(reported({ kind: 'address', family: 'inet6' }, 'k 10.0.0.1'), ["error: invalid k '10.0.0.1'"]);
  assert.deepEqual(reported({ kind: 'choice', of: ['a'] }, 'k b'), ["error: invalid k 'b'"]);
  const rounded = read([row({ kind: 'time', minUs: 0, maxUs: 1e9 })], 'k 1.1234567');
  assert.deepEqual(rounded.reported, ["error: number '1.1234567' has too many decimal places"]);
  assert.equal(rounded.of.get('k')?.[0]?.value, 1_123_457);
});

test('unknown keywords are reported with the nearest one, and their blocks skipped', () => {
  const table = [row({ kind: 'integer', min: 1, max: 255 }, { name: 'priority' })];
  const found = read(table, 'priorty\n{\npriority 3\n}\npriority 5');
  assert.deepEqual(found.reported, ["error: Unknown keyword 'priorty'", "error: Unexpected '{' - ignoring"]);
  assert.equal(found.hints[0], "did you mean 'priority'?");
  assert.equal(found.of.get('priority')?.[0]?.value, 5);
  assert.deepEqual(read(table, 'priority 5\n{\npriority 3\n}').reported, ["error: Unexpected '{' - ignoring"]);
});

test('the last one counts, or the first, or all', () => {
  const argument: Argument = { kind: 'text' };
  const twice = (more: Partial<Keyword>) => read([row(argument, more)], 'k a\nk b');
  const values = (found: ReturnType<typeof read>): unknown[] => (found.of.get('k') ?? []).map(({ value }) => value);
  assert.deepEqual(values(twice({})), ['b']);
  assert.deepEqual(twice({}).reported, ['notice: k is set twice, the last one counts']);
  assert.deepEqual(values(twice({ messages: { again: 'k already specified - ignoring %v' } })), ['a']);
  assert.deepEqual(twice({ messages: { again: 'k already specified - ignoring %v' } }).reported, [
    'error: k already specified - ignoring b',
  ]);
  assert.deepEqual(values(twice({ repeated: true })), ['a', 'b']);
});

test('blocks of one kind without a name are one block', () => {
  const inner = [
    row({ kind: 'text' }, { name: 'x' }),
    row({ kind: 'text' }, { name: 'y' }),
    row({ kind: 'text' }, { name: 'z', repeated: true }),
  ];
  const block = value({ kind: 'block', keywords: () => inner, label: 0 }, 'k\n{\nx 1\nz 1\n}\nk\n{\nx 2\ny 2\nz 2\n}') as Values;
  assert.deepEqual(
    [...block.of].map(([name, values]) => [name, values.map(({ value }) => value)]),
    [
      ['x', ['2']],
      ['z', ['1', '2']],
      ['y', ['2']],
    ],
  );
});

test('old spellings are read, some are reported; keywords without effect are reported', () => {
  const keyword = row({ kind: 'text' }, { name: 'new', aliases: ['old', 'older'], deprecated: ['older'] });
  assert.deepEqual(read([keyword], 'old a').reported, []);
  assert.deepEqual(read([keyword], 'older a').reported, ['error: Keyword "older" is deprecated - please use "new"']);
  assert.equal(read([keyword], 'older a').of.get('new')?.[0]?.value, 'a');
  assert.deepEqual(reported({ kind: 'flag' }, 'k', { acted: 'accepted' }), ['notice: k is accepted, but has no effect in weir']);
  assert.deepEqual(reported({ kind: 'flag' }, 'k off'), ["notice: k: 'off' ignored"]);
});
