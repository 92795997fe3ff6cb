// In each lab that has a director weir explain is asked why a packet goes where it goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labs } from './index.js';

/** They show other tools of a director. */
const OF_OTHER_TOOLS = ['dashboard', 'ansible'];

for (const { name, hosts, steps } of labs) {
  if (OF_OTHER_TOOLS.includes(name)) continue;
  if (!Object.values(hosts).some(({ director }) => director === true)) continue;
  test(`${name}: weir explain is asked, and its answer is expected`, () => {
    const asked = steps.flatMap((step) => (step.kind === 'run' || step.kind === 'wait' ? [step] : []));
    const answers = asked.filter(({ command }) => command.startsWith('weir explain '));
    assert.ok(answers.length > 0);
    for (const { expect } of answers) assert.ok((expect?.contains ?? []).length > 0);
  });
}
