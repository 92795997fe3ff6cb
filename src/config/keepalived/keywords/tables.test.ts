// Every keyword of every table: a good argument is read without a message; a missing one and one out of range are reported.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Diagnostic, reportTo } from '../diagnostics/report.js';
import type { Argument, Keyword, Statement, Values, Word } from '../keyword.js';
import { readBlock } from '../values/read-block.js';
import { rootKeywords } from './root.js';

const at = { file: 'f', line: 1, column: 1 };
const word = (text: string): Word => ({ text, at, quoted: false });

function read(keyword: Keyword, words: readonly string[], body?: readonly Statement[]) {
  const reported: Diagnostic[] = [];
  const statement: Statement = {
    keyword: word(keyword.name),
    words: words.map(word),
    raw: words.join(' '),
    ...(body === undefined ? {} : { body }),
  };
  const values: Values = readBlock(
    [statement],
    [keyword],
    [],
    at,
    reportTo((one) => reported.push(one)),
  );
  const counted = reported.filter(({ severity }) => severity !== 'notice');
  return {
    value: values.of.get(keyword.name)?.[0]?.value,
    reported: counted.map(({ text }) => text),
    severities: reported.map((one) => one.severity),
  };
}

/** Words that the argument accepts, and the value they give; undefined if the block's builder reads them. */
function good(argument: Argument): { readonly words: readonly string[]; readonly value?: unknown } {
  switch (argument.kind) {
    case 'flag':
      return { words: [], value: true };
    case 'boolean':
      return { words: ['off'], value: false };
    case 'integer':
      return { words: [String(argument.min)], value: argument.min };
    case 'time': {
      const us = Math.max(argument.minUs, 1000);
      return { words: [String(us / (argument.unit === 'ms' ? 1000 : 1_000_000))], value: us };
    }
    case 'text':
      return { words: ['x'], value: 'x' };
    case 'address':
      return { words: [argument.family === 'inet6' ? 'fe80::1' : '10.0.0.1'] };
    case 'choice':
      return { words: [argument.of[0] ?? ''], value: argument.of[0] };
    case 'raw':
      return { words: ['a', 'b'], value: 'a b' };
    case 'words':
      return { words: Array.from({ length: Math.max(argument.min, 1) }, () => 'x') };
    case 'script':
      return { words: ['/bin/true'] };
    case 'lines':
      return { words: argument.label === 1 ? ['N'] : [] };
    case 'block':
      return { words: argument.label === 0 ? [] : ['N'] };
  }
}

/** An invalid word; undefined: every word is valid. */
function bad(argument: Argument): string | undefined {
  switch (argument.kind) {
    case 'boolean':
    case 'choice':
    case 'address':
      return 'nonsense';
    case 'integer':
      return argument.max < 0xffffffff ? String(argument.max + 1) : 'abc';
    case 'time':
      return Number.isFinite(argument.maxUs) ? String(argument.maxUs) : 'abc';
    default:
      return undefined;
  }
}

const needsWord = (argument: Argument): boolean =>
  ['integer', 'time', 'text', 'address', 'choice', 'script'].includes(argument.kind) ||
  (argument.kind === 'raw' && argument.optional !== true) ||
  (argument.kind === 'words' && argument.min > 0) ||
  ((argument.kind === 'block' || argument.kind === 'lines') && (argument.label ?? 0) > 0);

/** Every table once, by the path of its block. */
function tables(
  path: string,
  table: readonly Keyword[],
  seen = new Set<readonly Keyword[]>(),
): readonly (readonly [string, readonly Keyword[]])[] {
  if (seen.has(table)) return [];
  seen.add(table);
  const inner = table.flatMap(({ name, argument }) =>
    argument.kind === 'block' ? tables(`${path}${name}/`, argument.keywords(), seen) : [],
  );
  return [[path, table], ...inner];
}

const body = (argument: Argument): readonly Statement[] | undefined =>
  argument.kind === 'block' || argument.kind === 'lines' ? [] : undefined;

for (const [path, table] of tables('/', rootKeywords)) {
  test(`${path}: names are unique, every row has a meaning`, () => {
    const names = table.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    assert.deepEqual([...new Set(names)], names);
    assert.deepEqual(
      table.filter(({ meaning }) => !/^\S.*[.…]$/s.test(meaning)).map(({ name }) => name),
      [],
    );
  });

  test(`${path}: good arguments`, () => {
    for (const keyword of table) {
      const { words, value } = good(keyword.argument);
      const found = read(keyword, words, body(keyword.argument));
      assert.deepEqual(found.reported, [], keyword.name);
      assert.notEqual(found.value, undefined, keyword.name);
      if (value !== undefined) assert.deepEqual(found.value, value, keyword.name);
    }
  });

  test(`${path}: missing arguments are fatal, or reported as the table requires`, () => {
    for (const keyword of table.filter(({ argument }) => needsWord(argument))) {
      const found = read(keyword, [], body(keyword.argument));
      const reported = keyword.messages?.missing;
      assert.equal(found.value, undefined, keyword.name);
      if (reported === undefined) assert.ok(found.severities.includes('fatal'), keyword.name);
      else assert.equal(found.reported.length, reported === '' ? 0 : 1, keyword.name);
    }
  });

  test(`${path}: an unreadable argument is reported, and replaced by the table's value or left out`, () => {
    for (const keyword of table) {
      const wrong = bad(keyword.argument);
      if (wrong === undefined) continue;
      const found = read(keyword, [wrong]);
      assert.equal(found.value, keyword.refusedAs, keyword.name);
      const reported = keyword.messages?.invalid;
      assert.ok(found.reported.length > 0, keyword.name);
      if (reported !== undefined)
        assert.equal(
          found.reported.at(-1),
          reported.replaceAll('%v', wrong).replaceAll('%k', keyword.name).replaceAll('%n', ''),
          keyword.name,
        );
    }
  });
}

test('every keyword without effect has a reason', () => {
  const seen = new Set<readonly Keyword[]>();
  const without = (table: readonly Keyword[]): readonly string[] => {
    if (seen.has(table)) return [];
    seen.add(table);
    return table.flatMap(({ name, acted, because, argument }) => [
      ...((acted === 'accepted') === (because !== undefined) ? [] : [name]),
      ...(argument.kind === 'block' ? without(argument.keywords()) : []),
      ...(argument.kind === 'lines' ? without(argument.words?.() ?? []) : []),
    ]);
  };
  assert.deepEqual(without(rootKeywords), []);
});
