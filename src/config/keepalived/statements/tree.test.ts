import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Diagnostic, reportTo } from '../diagnostics/report.js';
import type { Keyword, Statement } from '../keyword.js';
import { written } from '../lines/text.js';
import { type Piece, parseTree } from './tree.js';

/** One line of text a line, braces on separate lines: the output of flatten() for a file. */
function pieces(text: string): Piece[] {
  return text.split('\n').map((line, index) => {
    const at = { file: 'f', line: index + 1, column: 1 };
    if (line === '{') return { kind: 'open', at };
    return line === '}' ? { kind: 'close', at } : { kind: 'line', line: written(line, 'f', index + 1) };
  });
}

type Shape = string | { readonly [name: string]: readonly Shape[] };
const shape = ({ keyword, words, body }: Statement): Shape => {
  const text = [keyword, ...words].map((word) => word.text).join(' ');
  return body === undefined ? text : { [text]: body.map(shape) };
};

const inner: readonly Keyword[] = [
  { name: 'priority', argument: { kind: 'integer', min: 1, max: 255 }, meaning: '' },
  { name: 'virtual_ipaddress', argument: { kind: 'lines' }, meaning: '' },
];
const root: readonly Keyword[] = [{ name: 'vrrp_instance', argument: { kind: 'block', keywords: () => inner, label: 1 }, meaning: '' }];

const shapes = (text: string): Shape[] => parse(text).statements.map(shape);

function parse(text: string) {
  const reported: Diagnostic[] = [];
  const statements = parseTree(
    pieces(text),
    root,
    reportTo((diagnostic) => reported.push(diagnostic)),
  );
  return { statements, reported: reported.map(({ at, text }) => `${at.line}: ${text}`) };
}

test('bodies nest', () => {
  const text = 'vrrp_instance V1\n{\npriority 10\nvirtual_ipaddress\n{\n10.0.0.1 dev eth0\n}\n}';
  assert.deepEqual(shapes(text), [{ 'vrrp_instance V1': ['priority 10', { virtual_ipaddress: ['10.0.0.1 dev eth0'] }] }]);
  assert.deepEqual(parse(text).reported, []);
});

test('missing and surplus braces are reported, and reading continues', () => {
  assert.deepEqual(parse('a\n}\nb').reported, ["2: Extra '}' found"]);
  assert.deepEqual(shapes('a\n}\nb'), ['a', 'b']);
  assert.deepEqual(parse('a\n{\nb\n{\nc').reported, ["4: There are 2 missing '}'s or extra '{'s"]);
  const twice = 'vrrp_instance V\n{\n{\npriority 10\n}\n}';
  assert.deepEqual(parse(twice).reported, ["3: Unexpected '{' - ignoring"]);
  assert.deepEqual(shapes(twice), [{ 'vrrp_instance V': ['priority 10'] }]);
});

test('a forgotten brace is found by the next line', () => {
  const block = 'vrrp_instance V\npriority 10\n}';
  assert.deepEqual(parse(block).reported, ["2: Missing '{' at beginning of configuration block"]);
  assert.deepEqual(shapes(block), [{ 'vrrp_instance V': ['priority 10'] }]);
  const lines = 'vrrp_instance V\n{\nvirtual_ipaddress\n10.0.0.1\n}\npriority 10\n}';
  assert.deepEqual(parse(lines).reported, ["4: Missing '{' at beginning of configuration block"]);
  assert.deepEqual(shapes(lines), [{ 'vrrp_instance V': [{ virtual_ipaddress: ['10.0.0.1'] }, 'priority 10'] }]);
  assert.deepEqual(parse('vrrp_instance V\nvrrp_instance W').reported, []);
});

test('words have their quotes and places; scripts get the line as written', () => {
  const [statement] = parse('  notify "/bin/x  a" \'b\' c\t"d"').statements;
  assert.deepEqual(
    statement?.words.map(({ text, quoted, at }) => [text, quoted, at.column]),
    [
      ['/bin/x  a', true, 10],
      ["'b'", false, 22],
      ['c', false, 26],
      ['d', true, 28],
    ],
  );
  assert.equal(statement?.raw, '"/bin/x  a" \'b\' c\t"d"');
  assert.deepEqual(shapes('notify a "x'), ['notify a']);
  assert.deepEqual(parse('notify "x').reported, ["1: Unmatched quote: 'notify \"x'"]);
});

test('a hundred thousand open braces are one message', () => {
  const deep = Array.from({ length: 100_000 }, () => 'a\n{').join('\n');
  assert.deepEqual(parse(deep).reported, ["200000: There are 100000 missing '}'s or extra '{'s"]);
});

test("a forgotten '}' is reported where the next line belongs to an outer block, once a block", () => {
  const list = 'vrrp_instance V1\n{\nvirtual_ipaddress\n{\n10.0.0.1\npriority 10\nvrrp_instance V2\n{\npriority 10\n}\n}\n}';
  const message = "7: 'vrrp_instance' stands inside of 'virtual_ipaddress', which was opened in line 4";
  assert.deepEqual(parse(list).reported, [message], 'a list may hold a word that is a keyword elsewhere, not a block');
  const block = 'vrrp_instance V1\n{\npriority 10\nvrrp_instance V2\n{\npriority 10\n}\nvrrp_instance V3\n{\n}\n}';
  assert.deepEqual(parse(block).reported, ["4: 'vrrp_instance' stands inside of 'vrrp_instance', which was opened in line 2"]);
});
