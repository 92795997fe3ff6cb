// A page of the manual and its Chinese one show the same commands, and ipvsadm takes those of the pages about forwarding methods.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../src/config/ipvsadm/grammar.js';
import { fencedBlocks } from '../support/fenced-blocks.js';
import { filesUnder, read } from '../support/project.js';

/** A page's Chinese one has its name, in this folder. */
const CHINESE = 'docs/zh-CN/';
const blocksOf = (page: string): readonly string[] => fencedBlocks(read(page));
const codesOf = (page: string): readonly string[] => [...new Set(read(page).match(/`[a-z]+(?:-[a-z]+)+`/g) ?? [])].sort();
const chinese = filesUnder('docs').filter((file) => file.startsWith(CHINESE));
const methods = filesUnder('docs').filter((file) => /^docs\/forwarding-[a-z]+\.md$/.test(file));

for (const page of chinese) {
  const english = page.replace(CHINESE, 'docs/');
  test(`${page} shows the blocks of ${english}, and names the same findings`, () => {
    assert.ok(blocksOf(english).length > 0);
    assert.deepEqual(blocksOf(page), blocksOf(english));
    assert.deepEqual(codesOf(page), codesOf(english));
  });
}

test('Chinese pages of the manual are in docs/zh-CN, under the name of the English one', () => {
  assert.ok(chinese.length >= 4);
  assert.deepEqual(
    filesUnder('docs').filter((file) => /zh/i.test(file) && !chinese.includes(file)),
    [],
  );
});

test('each page about a forwarding method has its Chinese one', () => {
  assert.ok(methods.length >= 2);
  assert.deepEqual(
    methods.filter((page) => !chinese.includes(page.replace('docs/', CHINESE))),
    [],
  );
});

for (const page of methods) {
  test(`the ipvsadm commands of ${page} are ipvsadm's`, () => {
    const lines = blocksOf(page)
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('ipvsadm '));
    assert.ok(lines.length >= 3);
    for (const line of lines)
      assert.doesNotThrow(() => parseCommand(line.split(' ').slice(1), { host: () => undefined, port: () => undefined }), line);
  });
}
