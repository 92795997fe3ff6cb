// The registry of schedulers agrees with what it describes: manual, C table, TypeScript schedulers.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withSchedulers } from '../../dev/scheduler-table.js';
import { SCHEDULER_NAMES } from '../../src/datapath/ebpf/abi.gen.js';
import { schedulers as twins } from '../../src/datapath/schedule/index.js';
import { schedulers } from '../../src/model/schedulers.js';
import { read, root } from '../support/project.js';

const here = schedulers.map(({ name, number }) => ({ name, number })).sort((a, b) => a.number - b.number);

test('docs/ipvsadm.md lists every scheduler (node build/dev/scheduler-table.js)', () => {
  const text = read('docs/ipvsadm.md');
  assert.equal(withSchedulers(text), text);
  for (const { name } of schedulers) assert.ok(text.includes(`| \`${name}\` |`), name);
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
