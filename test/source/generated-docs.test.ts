// The manuals that are made from tables are what the tables make.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withReasons } from '../../dev/drop-reasons.js';
import { keepalivedReference, withLintRows } from '../../dev/keepalived-reference.js';
import { lintVerdicts } from '../../src/config/keepalived/lint/lint.js';
import { weirFileSchema } from '../../src/config/weir/read.js';
import { REASONS } from '../../src/datapath/ebpf/reasons.gen.js';
import { read } from '../support/project.js';

const REMEDY = 'node build/dev/keepalived-reference.js generates it again';

test('docs/keepalived-reference.md is what the tables of keywords make', () => {
  assert.equal(read('docs/keepalived-reference.md'), keepalivedReference(), REMEDY);
});

test('docs/config-lint.md lists every code of every rule, once', () => {
  const text = read('docs/config-lint.md');
  assert.equal(text, withLintRows(text), REMEDY);
  const codes = lintVerdicts.map(({ code }) => code);
  assert.deepEqual([...new Set(codes)], codes);
  assert.ok(
    codes.every((code) => text.includes(`| \`${code}\` |`)),
    REMEDY,
  );
});

test('docs/operate.md lists every reason why a packet is dropped', () => {
  const text = read('docs/operate.md');
  assert.equal(text, withReasons(text), 'node build/dev/drop-reasons.js generates it again');
});

test('the Chinese page lists the same reasons, in the same order', () => {
  const keys: readonly string[] = REASONS.map(({ key }) => key).filter((key) => key !== 'none');
  const lines = read('docs/zh-CN/operate.md').split('\n');
  const first = lines.findIndex((line) => line.startsWith(`| \`${keys[0]}\` |`));
  const rows = lines.slice(first, first + keys.length).map((line) => /^\| `([a-z0-9_]+)` \|/.exec(line)?.[1]);
  assert.deepEqual(rows, keys);
  assert.ok(lines[first + keys.length] === '', 'no further row');
});

test('share/schema/weir.schema.json is what the reader of weir.yaml takes', () => {
  const remedy = 'bin/weir schema > share/schema/weir.schema.json';
  assert.equal(read('share/schema/weir.schema.json'), `${JSON.stringify(weirFileSchema, undefined, 2)}\n`, remedy);
});
