// README.md states how many cases each recording holds. A case begins with a heading in the recording.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesUnder, read } from '../support/project.js';

const page = read('test/oracle/README.md');
const rows = [...page.matchAll(/^\| `(\w+)` \| (given|own) \| (\d+) \|/gm)].map(([, name = '', by = '', cases = '']) => ({
  name,
  by,
  cases: Number(cases),
}));
const total = (of: typeof rows): number => of.reduce((sum, row) => sum + row.cases, 0);

test('the page lists each recording with its cases', () => {
  const counted = filesUnder('test/oracle/recorded').map((file) => [
    file.replace(/^.*\/|\.txt$/g, ''),
    read(file).match(/^(?:== |# --- )/gm)?.length ?? 0,
  ]);
  assert.deepEqual(new Map(rows.map((row) => [row.name, row.cases])), new Map(counted as [string, number][]));
});

test('the sums of the page are right', () => {
  const [, all, own] = /^(\d+) cases are recorded, (\d+) of them by this project/m.exec(page) ?? [];
  assert.deepEqual([Number(all), Number(own)], [total(rows), total(rows.filter((row) => row.by === 'own'))]);
});
