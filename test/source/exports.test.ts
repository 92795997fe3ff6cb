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

test('what a file of src exports is imported by another one', () => {
  const texts = new Map(typescript().map((file) => [file, read(file)]));
  const written = (file: string): boolean => file.startsWith('src/') && !file.endsWith('.gen.ts');
  assert.deepEqual(unused(texts, written), []);
});
