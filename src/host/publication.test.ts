import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { noRoot } from '../../test/support/probes.js';
import type { NamespaceFolder } from '../sys/policy/sweep-run.js';
import { startTime } from '../sys/processes/child.js';
import { jsonWithList, Publication, type Published } from './publication.js';

interface Sample extends Published {
  readonly format: 1;
  readonly items: readonly number[];
}

/** A folder that no other program has. */
const ofTests = (name: string): NamespaceFolder => `test-${name}-${process.pid}` as NamespaceFolder;

test('files of dead processes are swept, also of other namespaces; those of the living stay', { skip: noRoot() }, () => {
  const kind = ofTests('publication');
  const folder = `/run/weir/${kind}`;
  const samples = new Publication<Sample>(kind, 1, 'items');
  const of = (pid: number, started: string, items: readonly number[]) => ({ pid, started, daemon: 1, items });
  const started = startTime(process.pid) ?? '';
  try {
    mkdirSync(folder, { recursive: true });
    samples.publish('1', of(process.pid, started, [1]));
    samples.publish('2', of(process.pid, started, [2]));
    // This number belonged to another process before.
    samples.publish('3', of(process.pid, 'earlier', [3]));
    samples.publish('1', of(2 ** 30, '5', [4]));
    writeFileSync(`${folder}/4.5.json`, 'no JSON');
    writeFileSync(`${folder}/note`, 'of somebody else');
    assert.deepEqual(
      [samples.living('1'), samples.living('3')].map((list) => list.map(({ items }) => items)),
      [[[1]], []],
    );
    samples.sweep();
    const left = [`1.${process.pid}.json`, `2.${process.pid}.json`, `3.${process.pid}.json`, `1.${2 ** 30}.json`, '4.5.json', 'note'];
    assert.deepEqual(
      left.map((name) => existsSync(`${folder}/${name}`)),
      [true, true, false, false, false, true],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a document whose items are JSON already is read as any other', { skip: noRoot() }, () => {
  const kind = ofTests('items');
  const samples = new Publication<Sample>(kind, 1, 'items');
  const owner = { pid: process.pid, started: startTime(process.pid) ?? '', daemon: 1 };
  try {
    for (const items of [[], [1], [2, 3]]) {
      samples.publishItems('1', owner, items.map(String));
      assert.deepEqual(samples.living('1'), [{ format: 1, ...owner, items }]);
    }
  } finally {
    rmSync(`/run/weir/${kind}`, { recursive: true, force: true });
  }
  assert.deepEqual(JSON.parse(jsonWithList({ a: 'x' }, 'list', ['1', '{"b":2}'])), { a: 'x', list: [1, { b: 2 }] });
});

test('what another build publishes is not read, is known to be there, and stays while its process lives', { skip: noRoot() }, () => {
  const kind = ofTests('formats');
  const older = new Publication<Sample>(kind, 1, 'items');
  const newer = new Publication<Published & { readonly format: 2; readonly other: readonly string[] }>(kind, 2, 'other');
  const owner = { pid: process.pid, started: startTime(process.pid) ?? '', daemon: 7 };
  try {
    older.publish('1', { ...owner, items: [1] });
    older.publish('1', { ...owner, pid: 2 ** 30, items: [2] });
    newer.sweep();
    assert.deepEqual([newer.living('1'), newer.unreadable('1').map(({ daemon }) => daemon), newer.unreadable('2')], [[], [7], []]);
    assert.deepEqual([older.living('1').length, older.unreadable('1')], [1, []]);
    assert.equal(existsSync(`/run/weir/${kind}/1.${2 ** 30}.json`), false);
    newer.publish('1', { ...owner, other: ['x'] });
    assert.deepEqual([newer.living('1').length, newer.unreadable('1').length, older.unreadable('1').length], [1, 0, 1]);
  } finally {
    rmSync(`/run/weir/${kind}`, { recursive: true, force: true });
  }
});
