// The project speaks of itself alone: no registry's host, no path of one machine, no lock that ties it to a mirror.

import assert from 'node:assert/strict';
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
