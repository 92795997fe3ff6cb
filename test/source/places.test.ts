// The project speaks of itself alone: no registry's host, no path of one machine, no lock that ties it to a mirror.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { filesUnder, read, root } from '../support/project.js';

const top = [
  'package.json',
  'package-lock.json',
  'biome.json',
  'tsconfig.json',
  '.npmrc',
  'weir',
  'README.md',
  'README.zh-CN.md',
  'CONTRIBUTING.md',
];
const files = [...top, 'ARCHITECTURE.md', 'CHANGELOG.md'].concat(
  ['src', 'test', 'bench', 'dev', 'bpf', 'native', 'bin', 'docs', 'examples', 'share', '.ci'].flatMap((folder) => filesUnder(folder)),
);

test('nothing that a tool has left lies at the top', () => {
  const known = new Set([...top, 'ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE', '.gitignore', '.git']);
  assert.deepEqual(
    readdirSync(root, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !known.has(entry.name))
      .map(({ name }) => name),
    [],
  );
});

test('no registry is named', () => {
  const hosts = new RegExp(['registry', 'npmjs|pypi', 'org|crates', 'io'].join('\\.'));
  assert.deepEqual(
    files.filter((file) => hosts.test(read(file))),
    [],
  );
});

test('no path of this machine is written down', () => {
  const places = new RegExp(`${root}\\b|/home/\\w|/${['wo', 'rk'].join('')}/(?:main|shared|\\.)`);
  assert.deepEqual(
    files.filter((file) => places.test(read(file))),
    [],
  );
});

test('the lock names no host and lacks no platform', () => {
  const lock: { packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }> } = JSON.parse(
    read('package-lock.json'),
  );
  const packages = Object.entries(lock.packages);
  assert.deepEqual(
    packages.filter(([, entry]) => entry.resolved !== undefined).map(([name]) => name),
    [],
  );
  const optional = packages.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
  assert.deepEqual(
    optional.filter((name) => !(`node_modules/${name}` in lock.packages)),
    [],
  );
});
