// The list of what is missing and the registry of schedulers agree with what they describe: manual, C table, TypeScript schedulers.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withCapabilityRows, withMissingList } from '../../dev/capability-tables.js';
import { SCHEDULER_NAMES } from '../../src/datapath/ebpf/abi.gen.js';
import { schedulers as twins } from '../../src/datapath/schedule/index.js';
import { capabilities } from '../../src/model/capabilities.js';
import { schedulers } from '../../src/model/schedulers.js';
import { filesUnder, read, root } from '../support/project.js';

const here = schedulers.map(({ name, number }) => ({ name, number })).sort((a, b) => a.number - b.number);

test('README.md and docs/ipvsadm.md list what is missing, and every scheduler (node build/dev/capability-tables.js)', () => {
  assert.equal(withMissingList(read('README.md')), read('README.md'));
  const text = read('docs/ipvsadm.md');
  assert.equal(withCapabilityRows(text), text);
  for (const { name, present } of capabilities) assert.equal(text.includes(`| ${name} |`), !present, name);
  for (const { name } of schedulers) assert.ok(text.includes(`| \`${name}\` |`), name);
});

test('a capability has a name of its own', () => {
  assert.equal(new Set(capabilities.map(({ id }) => id)).size, capabilities.length);
});

test('no other source text reports that something is not there yet', () => {
  const elsewhere = filesUnder('src').filter(
    (file) =>
      file.endsWith('.ts') &&
      !file.endsWith('.test.ts') &&
      !file.startsWith('src/model/') &&
      /^(?! *(?:\/\*|\*|\/\/)).*['`][^'`\n]*(?:not there yet|does not run [^'`\n]* yet)/m.test(read(file)),
  );
  assert.deepEqual(elsewhere, []);
});

test('the C table, its headers, the generated names and the TypeScript schedulers are those that the registry numbers', () => {
  const rows = [...read('bpf/director/schedulers/table.h').matchAll(/^ +X\((\d+), \w+, (\w+)\)/gm)];
  assert.deepEqual(
    rows.map(([, number, name]) => ({ name, number: Number(number) })),
    here,
  );
  for (const { name, number } of here) {
    assert.ok(existsSync(join(root, `bpf/director/schedulers/${name}.h`)), name);
    assert.equal(SCHEDULER_NAMES[number], name);
  }
  assert.equal(SCHEDULER_NAMES.length, here.length + 1, 'number 0 is none');
  assert.deepEqual([...twins.keys()].sort(), here.map(({ name }) => name).sort());
});

test("ipvsadm's help names schedulers of the registry only", () => {
  const [, names = ''] = /one of ([a-z|]+),/.exec(read('src/cli/ipvsadm/help.ts')) ?? [];
  const known = new Set(schedulers.map(({ name }) => name));
  assert.deepEqual(
    names.split('|').filter((name) => !known.has(name)),
    [],
  );
});
