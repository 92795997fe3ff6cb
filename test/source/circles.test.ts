// No two files import each other, directly or through others, and types count: who wants to understand one file must be able to read
// those below it first. The rooms of control/vrrp keep an order among themselves, too.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { importsOf, read, typescript } from '../support/project.js';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

const sources = typescript().filter((file) => file.startsWith('src/') && !file.endsWith('.test.ts'));

/** Who imports whom, by a name for each file; what has the same name counts as one. */
function graphOf(files: readonly string[], nameOf: (file: string) => string): Graph {
  const graph = new Map<string, Set<string>>(files.map((file) => [nameOf(file), new Set()]));
  for (const file of files) {
    for (const name of importsOf(read(file)).filter((one) => one.startsWith('.'))) {
      const target = join(dirname(file), name).replace(/\.js$/, '.ts');
      if (files.includes(target) && nameOf(target) !== nameOf(file)) graph.get(nameOf(file))?.add(nameOf(target));
    }
  }
  return graph;
}

function reachable(graph: Graph, from: string): ReadonlySet<string> {
  const found = new Set<string>();
  const left = [...(graph.get(from) ?? [])];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    left.push(...(graph.get(next) ?? []));
  }
  return found;
}

/** Each circle once, as the sorted names of all that belong to it. */
function circles(graph: Graph): readonly (readonly string[])[] {
  const below = new Map([...graph.keys()].map((name) => [name, reachable(graph, name)]));
  const found = new Map<string, readonly string[]>();
  for (const [name, reached] of below) {
    if (!reached.has(name)) continue;
    const circle = [...reached].filter((other) => below.get(other)?.has(name)).sort();
    found.set(circle.join(' '), circle);
  }
  return [...found.values()];
}

test('a circle is found, through others and by each of its files; a chain is none', () => {
  const graph = new Map([
    ['a', new Set(['b', 'x'])],
    ['b', new Set(['c'])],
    ['c', new Set(['a'])],
    ['x', new Set(['y'])],
    ['y', new Set<string>()],
  ]);
  assert.deepEqual(circles(graph), [['a', 'b', 'c']]);
});

test('files import each other in one direction, types included', () => {
  assert.deepEqual(circles(graphOf(sources, (file) => file)), []);
});

test('the rooms of control/vrrp import each other in one direction', () => {
  const room = 'src/control/vrrp/';
  const inside = sources.filter((file) => file.startsWith(room));
  assert.ok(inside.length > 30);
  assert.deepEqual(circles(graphOf(inside, (file) => file.slice(room.length).split('/')[0] ?? '')), []);
});
