// Who may import whom. The order of the layers is the order in which the data flows; ARCHITECTURE.md has the reasons.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { layerNamed, layerRows, layers } from '../support/layers.js';
import { importsOf, isPure, read, typescript } from '../support/project.js';

const sources = typescript().filter((file) => file.startsWith('src/') && !file.endsWith('.test.ts'));
const layerOf = (file: string): string => file.split('/')[1] ?? '';

test('there is source to judge', () => assert.ok(sources.length > 20));

test('every folder of src/ has its place among the layers', () => {
  const unknown = sources.filter((file) => file.split('/').length > 2 && layerNamed(layerOf(file)) === undefined);
  assert.deepEqual(unknown, []);
});

test('a layer imports only layers that stand above it in the table, which therefore has no circle', () => {
  const seen = new Set<string>();
  for (const { folder, mayImport } of layers) {
    assert.deepEqual(
      mayImport.filter((name) => !seen.has(name)),
      [],
      folder,
    );
    seen.add(folder);
  }
});

test('ARCHITECTURE.md has the rows of this table (node build/dev/layer-table.js writes them)', () => {
  const lines = read('ARCHITECTURE.md').split('\n');
  assert.deepEqual(
    lines.filter((line) => line.startsWith('| `src/')),
    layerRows(),
  );
});

test('a layer imports only what stands below it', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(read(file))
      .filter((name) => name.startsWith('.'))
      .map((name) => join(dirname(file), name))
      .filter((target) => {
        const [from, to] = [layerOf(file), layerOf(target)];
        return !target.startsWith('src/') || (from !== to && !(layerNamed(from)?.mayImport ?? []).includes(to));
      })
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

/** Packages that are pure themselves, and the one room that reads and writes by each. */
const purePackages: Readonly<Record<string, string>> = { yaml: 'src/config/weir/' };

test('pure folders import nothing of node, and no package but for those that are named', () => {
  const wrong = sources.filter(isPure).flatMap((file) =>
    importsOf(read(file))
      .filter((name) => !name.startsWith('.') && !file.startsWith(purePackages[name] ?? ' '))
      .map((name) => `${file} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('every relative import names a compiled file', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(read(file))
      .filter((name) => name.startsWith('.') && !name.endsWith('.js'))
      .map((name) => `${file} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('only sys loads the addon', () => {
  const wrong = sources.filter(
    (file) => !file.startsWith('src/sys/') && /\bprocess\.dlopen\b|createRequire|['"][^'"\n]*\.node['"]/.test(read(file)),
  );
  assert.deepEqual(wrong, []);
});

test('system calls stand apart from policy: no other room of sys imports src/sys/policy', () => {
  const wrong = sources.filter(
    (file) =>
      file.startsWith('src/sys/') && !file.startsWith('src/sys/policy/') && importsOf(read(file)).some((name) => name.includes('/policy/')),
  );
  assert.deepEqual(wrong, []);
});
