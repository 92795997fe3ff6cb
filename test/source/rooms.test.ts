// ARCHITECTURE.md is the map of the tree: it names every folder of the project, every room of a layer and every room of test/.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layers } from '../support/layers.js';
import { read, root } from '../support/project.js';

const map = read('ARCHITECTURE.md');

/** What a tool made, and what git and CI look for by its name. */
const NOT_OURS = /^(?:\.|node_modules$|build$|dist$)/;

const foldersIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !NOT_OURS.test(entry.name))
    .map(({ name }) => name);

/** Does a text name the folder as one of its own: `` `bin/` ``, or by a link to it or below it? */
const isNamed = (text: string, path: string): boolean =>
  text.includes(`\`${path}/\``) || new RegExp(`\\]\\(${path}(?:/[^)]*)?\\)`).test(text);

test('the map names every folder of the project', () => {
  assert.deepEqual(
    foldersIn('.').filter((folder) => !map.includes(`\`${folder}/`)),
    [],
  );
});

test('the map names every room of each layer, in its row or by a link', () => {
  const unnamed = layers.flatMap(({ folder, what }) =>
    foldersIn(`src/${folder}`)
      .filter((room) => !isNamed(what, room) && !isNamed(map, `src/${folder}/${room}`))
      .map((room) => `src/${folder}/${room}`),
  );
  assert.deepEqual(unnamed, []);
});

test('the map names every room of test/', () => {
  assert.deepEqual(
    foldersIn('test').filter((room) => !isNamed(map, `test/${room}`)),
    [],
  );
});
