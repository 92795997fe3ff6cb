// Who may import whom. The order of the layers is the order in which the data flows; ARCHITECTURE.md says why.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { importsOf, isPure, read, typescript } from '../support/project.js';

/** For each folder of src/ the folders that it may import, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  config: ['model'],
  wire: ['model'],
  control: ['model', 'config', 'wire'],
  dump: ['model', 'wire', 'control'],
  sim: ['model', 'config', 'wire', 'control'],
  sys: ['model', 'wire'],
  datapath: ['model', 'wire', 'sys'],
  host: ['model', 'config', 'wire', 'control', 'sys'],
  doctor: ['model', 'config', 'wire', 'control', 'sys', 'datapath', 'host'],
  lab: ['model', 'config', 'wire', 'control', 'sys', 'datapath', 'host', 'doctor'],
  daemon: ['model', 'config', 'wire', 'control', 'dump', 'sys', 'datapath', 'host'],
  cli: ['model', 'config', 'wire', 'control', 'sys', 'datapath', 'host', 'doctor', 'lab', 'daemon', 'sim'],
};

const sources = typescript().filter((file) => file.startsWith('src/') && !file.endsWith('.test.ts'));
const layerOf = (file: string): string => file.split('/')[1] ?? '';

test('there is source to judge', () => assert.ok(sources.length > 20));

test('every folder of src/ has its place among the layers', () => {
  const unknown = sources.filter((file) => file.split('/').length > 2 && !(layerOf(file) in mayImport));
  assert.deepEqual(unknown, []);
});

test('a layer imports only what stands below it', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(read(file))
      .filter((name) => name.startsWith('.'))
      .map((name) => join(dirname(file), name))
      .filter((target) => {
        const [from, to] = [layerOf(file), layerOf(target)];
        return !target.startsWith('src/') || (from !== to && !(mayImport[from] ?? []).includes(to));
      })
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('pure folders import nothing of node and no package', () => {
  const wrong = sources.filter(isPure).flatMap((file) =>
    importsOf(read(file))
      .filter((name) => !name.startsWith('.'))
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
