// What a file of src exports is imported by another file: else a reader looks for users that there are none of, and dead code is not found by the
// compiler. Types count only by use: those of a public function's parameters and answers are exported with it.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { codeOf, read, typescript } from '../support/project.js';

const IMPORT = /\b(?:import|export)\s+(?:type\s+)?(?:\*\s+as\s+\w+|\{([^}]*)\})\s+from\s+'(\.[^'\n]+)'|\bimport\(\s*'(\.[^'\n]+)'/g;
const EXPORT = /^export (?:async )?(?:const|let|function\*?|class) (\w+)/gm;

/** File and name of all that the texts import from files of the project; `file *`: anything of it. */
function importedIn(texts: ReadonlyMap<string, string>): ReadonlySet<string> {
  return new Set(
    [...texts].flatMap(([file, text]) =>
      [...text.matchAll(IMPORT)].flatMap(([, names, from, dynamic]) => {
        const target = join(dirname(file), from ?? dynamic ?? '').replace(/\.js$/, '.ts');
        const nameOf = (one: string): string => /^\s*(?:type\s+)?(\w+)/.exec(one)?.[1] ?? '';
        return names === undefined ? [`${target} *`] : names.split(',').map((one) => `${target} ${nameOf(one)}`);
      }),
    ),
  );
}

/** `file: name` of each exported value that no text imports. */
function unused(texts: ReadonlyMap<string, string>, of: (file: string) => boolean): readonly string[] {
  const imported = importedIn(texts);
  return [...texts]
    .filter(([file]) => of(file) && !imported.has(`${file} *`))
    .flatMap(([file, text]) =>
      [...codeOf(text).matchAll(EXPORT)].flatMap(([, name]) => (imported.has(`${file} ${name}`) ? [] : [`${file}: ${name}`])),
    );
}

test('an export that no file imports is found, however it could be imported', () => {
  const texts = new Map([
    ['src/a.ts', 'export const used = 1;\nexport const renamed = 2;\nexport function lonely() {}\nexport interface Shape {}\n'],
    ['src/b.ts', "import { renamed as other,\n  type Shape, used } from './a.js';\nexport class Alone {}\n"],
    ['src/c.ts', 'export const whole = 1;\n'],
    ['src/d.ts', "import * as c from './c.js';\n"],
    ['src/e.ts', 'export const late = 1;\n'],
    ['src/f.ts', "const e = await import('./e.js');\n"],
  ]);
  assert.deepEqual(
    unused(texts, () => true),
    ['src/a.ts: lonely', 'src/b.ts: Alone'],
  );
});

/** Exists for tests: they find descriptors by it that were left open. */
const FOR_TESTS = ['src/sys/fd.ts: openFds'];

const written = (file: string): boolean => file.startsWith('src/') && !/\.(?:gen|test)\.ts$/.test(file);
const isTest = (file: string): boolean => file.startsWith('test/') || file.endsWith('.test.ts');
const occursOnce = (text: string, name: string): boolean => codeOf(text).split(new RegExp(`\\b${name}\\b`)).length === 2;

/** `file: name` of each exported value that tests alone use: neither another file imports it, nor its own one names it again. */
function usedByTestsAlone(texts: ReadonlyMap<string, string>): readonly string[] {
  const shipped = new Map([...texts].filter(([file]) => !isTest(file)));
  return unused(shipped, written).filter((found) => {
    const [file = '', name = ''] = found.split(': ');
    return occursOnce(shipped.get(file) ?? '', name);
  });
}

test('what only a test uses is found, and not what its own file uses', () => {
  const texts = new Map([
    ['src/a.ts', 'export function dead() {}\nexport function part() {}\nexport const whole = () => part();\n'],
    ['src/a.test.ts', "import { dead, part } from './a.js';\n"],
    ['src/b.ts', "import { whole } from './a.js';\n"],
  ]);
  assert.deepEqual(usedByTestsAlone(texts), ['src/a.ts: dead']);
});

const texts = new Map(typescript().map((file) => [file, read(file)]));

test('what a file of src exports is imported by another one', () => assert.deepEqual(unused(texts, written), []));

test('what a file of src exports is there for more than its test', () => assert.deepEqual(usedByTestsAlone(texts), FOR_TESTS));
