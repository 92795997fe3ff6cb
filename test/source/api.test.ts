// No handler of the API decides anything: it reads by sources, hands on to the planner, and forms values. So it has no system, no driver, no machine.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { codeOf, read, typescript } from '../support/project.js';

const handlers = typescript().filter((file) => file.startsWith('src/api/routes/') && !file.endsWith('.test.ts'));

/** What a handler may use at run time; types it may take from anywhere. */
const ALLOWED =
  /^(?:zod|src\/(?:api|model|report|config)\/|src\/document\/(?:export-formats|import-formats)\.ts$|src\/control\/(?:plan\/|virtual-server\/names\.ts$))/;
const IMPORT = /^import\s+(type\s+)?([^;'"]*?)\s*from\s+'([^'\n]+)'/gm;

/** What of an import is there at run time. */
const isValue = (type: string | undefined, names: string): boolean =>
  type === undefined && !/^\{(?:\s*type\s+\w+\s*,?)+\s*\}$/.test(names.trim());

const imports = (file: string): readonly string[] =>
  [...read(file).matchAll(IMPORT)].flatMap(([, type, names = '', from = '']) => {
    if (!isValue(type, names)) return [];
    return [from.startsWith('.') ? join(dirname(file), from).replace(/\.js$/, '.ts') : from];
  });

test('a handler reads by its sources and decides by what is in control: it has no system and no driver', () => {
  assert.ok(handlers.length > 3);
  const wrong = handlers.flatMap((file) =>
    imports(file)
      .filter((name) => !ALLOWED.test(name))
      .map((name) => `${file} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('a handler knows no clock, process or file, and changes no table', () => {
  const impure =
    /\bnew Date\b|\bDate\.|\bperformance\.|\bprocess\.|\bMath\.random\b|\bfetch\(|\b(?:add|edit|delete)(?:Service|Destination)\(|\bapplyChange\(/;
  const wrong = handlers.flatMap((file) =>
    codeOf(read(file))
      .split('\n')
      .flatMap((line, index) => (impure.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
  assert.deepEqual(wrong, []);
});
