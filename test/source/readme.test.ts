// README.md and README.zh-CN.md show the same commands and the same output.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { besideFencedBlocks, fencedBlocks } from '../support/fenced-blocks.js';
import { read } from '../support/project.js';

const headings = (text: string): readonly number[] =>
  [...besideFencedBlocks(text).matchAll(/^(#+) /gm)].map((match) => (match[1] ?? '').length);

const [english, chinese] = [read('README.md'), read('README.zh-CN.md')];

test('both READMEs have the same command blocks, in the same order', () => {
  assert.ok(fencedBlocks(english).length > 3);
  assert.deepEqual(fencedBlocks(chinese), fencedBlocks(english));
});

test('both READMEs have the same sections', () => assert.deepEqual(headings(chinese), headings(english)));

test('the first command is the lab and the tests are npm test', () => {
  const commands = fencedBlocks(english).join('').split('\n');
  assert.equal(commands[0], './weir lab nat');
  assert.ok(commands.includes('npm test'));
});
