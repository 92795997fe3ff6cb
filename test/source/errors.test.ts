// Errors of weir's own are rows of one table: thrown by code, recognised by code, never by their texts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTable } from '../../src/model/errors/error-table.js';
import { read, typescript } from '../support/project.js';

const sources = typescript().filter((file) => file.startsWith('src/') && !file.endsWith('.test.ts'));
const outsideTable = sources.filter((file) => !file.startsWith('src/model/errors/'));

test('each row of the table is thrown somewhere', () => {
  const text = outsideTable.map(read).join('\n');
  const unused = Object.keys(errorTable).filter((code) => !text.includes(`'${code}'`));
  assert.deepEqual(unused, []);
});

test("no error's text begins with the program's name: who prints it puts that in front", () => {
  const wrong = outsideTable.filter((file) => /new \w*Error\(\s*['"`]weir: /.test(read(file)));
  assert.deepEqual(wrong, []);
});

test("no code reads an error's message: errors carry codes", () => {
  const reading =
    /\b(error|Error\)|cause|failure|obstacle)\.message\.(startsWith|endsWith|includes|match|replace|slice|split|indexOf)\(|\.(test|exec)\((\w+\.)?message\)/;
  const wrong = outsideTable.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (reading.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
  assert.deepEqual(wrong, []);
});
