// Every lab that weir brings along, run as a person would run it; all its expectations must hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labs } from '../../src/lab/labs/index.js';
import { missing } from '../../src/lab/needs.js';
import { evidenceOf, skipWithoutNetns } from './weir-lab.js';

const netns = skipWithoutNetns();

for (const lab of labs.filter(({ name }) => name !== 'stress')) {
  const lack = netns === false ? missing(lab) : undefined;
  test(`weir lab ${lab.name}`, { skip: netns === false ? (lack === undefined ? false : `probe tools: ${lack}`) : netns }, async () => {
    const { evidence, status, stderr } = await evidenceOf(lab.name);
    const failed = evidence.steps.flatMap(({ command, verdicts }) =>
      verdicts.filter(({ ok }) => !ok).map((verdict) => ({ command, ...verdict })),
    );
    assert.deepEqual([evidence.stopped, failed], [undefined, []], stderr);
    assert.equal(status, 0, stderr);
  });
}
