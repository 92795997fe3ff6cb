// lint has no finding about the example configurations, alone and as pairs, and explain keeps their meaning.
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { explain } from '../../src/config/keepalived/explain/explain.js';
import { lint } from '../../src/config/keepalived/lint/lint.js';
import type { LintNode } from '../../src/config/keepalived/lint/rule.js';
import { readText } from '../support/keepalived.js';
import { lintNode } from '../support/lint-node.js';
import { filesUnder, read } from '../support/project.js';

const files = filesUnder('examples/keepalived').filter((file) => file.endsWith('.conf'));
const understood = (file: string) => readText(read(file), file);

const nodeOf = (file: string): LintNode => lintNode(file, read(file));

test('there are examples, pairs among them', () => {
  assert.ok(files.some((file) => file.endsWith('1.conf')));
});

for (const file of files) {
  test(`${basename(file)} has no finding`, () => {
    assert.deepEqual(understood(file).reported, []);
    const first = /1\.conf$/.test(file);
    const nodes = first ? [nodeOf(file), nodeOf(file.replace('1.conf', '2.conf'))] : [nodeOf(file)];
    assert.deepEqual(lint(nodes), []);
  });

  test(`${basename(file)} means the same when explained`, () => {
    const { configuration, read: whole } = understood(file);
    assert.deepEqual(readText(explain(whole.values, configuration, whole.diagnostics)).configuration, configuration);
  });
}
