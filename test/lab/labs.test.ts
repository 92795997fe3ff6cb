// Every lab that weir brings along, and every example of a lab file, run as a person would run it; all its expectations must hold.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { labs } from '../../src/lab/labs/index.js';
import { findLab } from '../../src/lab/list.js';
import { missing } from '../../src/lab/needs.js';
import { projectRoot } from '../../src/lab/paths.js';
import { evidenceOf, skipWithoutNetns } from './weir-lab.js';

const netns = skipWithoutNetns();

const examples = join(projectRoot(), 'examples/labs');
const files = readdirSync(examples).map((name) => join(examples, name));
const runnable = [
  ...labs.filter(({ name }) => name !== 'stress').map((lab) => ({ lab, word: lab.name })),
  ...files.map((path) => ({ lab: findLab(path), word: path })),
];

for (const { lab, word } of runnable) {
  const lack = netns === false ? missing(lab) : undefined;
  test(`weir lab ${lab.name}`, { skip: netns === false ? (lack === undefined ? false : `probe tools: ${lack}`) : netns }, async () => {
    const { evidence, status, stderr } = await evidenceOf(word);
    const failed = evidence.steps.flatMap(({ command, verdicts }) =>
      verdicts.filter(({ ok }) => !ok).map((verdict) => ({ command, ...verdict })),
    );
    assert.deepEqual([evidence.stopped, failed], [undefined, []], stderr);
    assert.equal(status, 0, stderr);
  });
}
