// README.md and README.zh-CN.md show the same commands and the same output.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from '../support/project.js';

const blocks = (text: string): readonly string[] => [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
const headings = (text: string): readonly number[] =>
  [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^(#+) /gm)].map((match) => (match[1] ?? '').length);

const [english, chinese] = [read('README.md'), read('README.zh-CN.md')];

test('both READMEs have the same command blocks, in the same order', () => {
  assert.ok(blocks(english).length > 3);
  assert.deepEqual(blocks(chinese), blocks(english));
});

test('both READMEs have the same sections', () => assert.deepEqual(headings(chinese), headings(english)));

test('the first command is the lab and the tests are npm test', () => {
  const commands = blocks(english).join('').split('\n');
  assert.equal(commands[0], './weir lab nat');
  assert.ok(commands.includes('npm test'));
});
