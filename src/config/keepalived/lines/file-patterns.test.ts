import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import { absolute, type ConfigFiles } from './config-files.js';
import { expandBraces, expandWildcards, matches } from './file-patterns.js';

test('braces as csh has them', () => {
  assert.deepEqual(expandBraces('a{b,c}d'), ['abd', 'acd']);
  assert.deepEqual(expandBraces('{a,b}{1,2}'), ['a1', 'a2', 'b1', 'b2']);
  assert.deepEqual(expandBraces('x{a,{b,c}}'), ['xa', 'xb', 'xc']);
  assert.deepEqual(expandBraces('a{b'), ['a{b']);
  assert.deepEqual(expandBraces('a}b'), ['a}b']);
  assert.ok(expandBraces('{0,1}'.repeat(40)).length <= 10_000);
});

test('wildcards in one part of a path', () => {
  for (const [name, pattern] of [
    ['a.conf', '*.conf'],
    ['ab', 'a?'],
    ['a1', 'a[0-9]'],
    ['ax', 'a[!0-9]'],
    ['a]', 'a[]]'],
    ['.x', '.*'],
    ['abc', 'a*c'],
    ['', '*'],
  ] as const)
    assert.ok(matches(name, pattern), `${name} ${pattern}`);
  for (const [name, pattern] of [
    ['.x', '*'],
    ['a', 'a?'],
    ['ax', 'a[0-9]'],
    ['a1', 'a[!0-9]'],
    ['abd', 'a*c'],
    ['a', '['],
  ] as const)
    assert.ok(!matches(name, pattern), `${name} ${pattern}`);
  assert.ok(matches('[', '['));
});

test('a hostile pattern takes linear time', () => {
  assert.ok(!matches('a'.repeat(5_000), `${'*a'.repeat(500)}b`));
});

test('wildcards match what a regular expression would', () => {
  const letters = (bits: readonly string[]) => fc.array(fc.constantFrom(...bits), { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(letters(['a', 'b', 'c']), letters(['a', 'b', '*', '?', '[ab]', '[!a]']), (name, pattern) => {
      const expression = pattern.replaceAll('*', '.*').replaceAll('?', '.').replaceAll('[!', '[^');
      assert.equal(matches(name, pattern), new RegExp(`^${expression}$`).test(name));
    }),
    { numRuns: 1_000 },
  );
});

test('names are found directory by directory, sorted', () => {
  const tree: Readonly<Record<string, readonly string[]>> = {
    '.': ['d', 'x'],
    'd/': ['b', 'a', '.h'],
    '/e/': ['k1', 'k2'],
    '/e/k1/': ['z'],
    '/e/k2/': ['y'],
  };
  const files: ConfigFiles = {
    read: () => assert.fail('nothing is read for a name'),
    list: (directory) => tree[directory] ?? [],
  };
  assert.deepEqual(expandWildcards(files, 'd/*'), ['d/a', 'd/b']);
  assert.deepEqual(expandWildcards(files, '/e/k?/[yz]'), ['/e/k1/z', '/e/k2/y']);
  assert.deepEqual(expandWildcards(files, '*/a'), ['d/a']);
  assert.deepEqual(expandWildcards(files, '*/missing'), []);
  assert.deepEqual(expandWildcards(files, 'x'), ['x']);
});

test('absolute paths', () => {
  assert.deepEqual([absolute('/etc', 'a/../b/./c'), absolute('/etc', '/x//y/'), absolute('/', '../..')], ['/etc/b/c', '/x/y', '/']);
});
