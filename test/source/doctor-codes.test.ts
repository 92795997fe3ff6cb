// The manual's tables of findings and the rules that find them name the same codes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesUnder, read } from '../support/project.js';

test('docs/doctor.md lists every code of every rule, and no other', () => {
  const rules = [...filesUnder('src/doctor/rules'), 'src/doctor/diagnose.ts'].filter((file) => !file.endsWith('.test.ts'));
  // A code may be chosen (`refused ? 'a' : 'b'`) or made of a sysctl's name.
  const codes = rules.flatMap((file) =>
    [...read(file).matchAll(/\bcode: ([^\n]+)/g)].flatMap(([, text = '']) =>
      [...text.matchAll(/'([a-z]+(?:-[a-z]+)+)'/g)].map(([, code = '']) => code),
    ),
  );
  const listed = read('docs/doctor.md')
    .split(/^## /m)
    .map((section) =>
      [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
        [...cell.matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => code),
      ),
    );
  assert.deepEqual([...new Set(listed.flat())].sort(), [...new Set([...codes, 'server-arp-ignore', 'server-arp-announce'])].sort());
  // Two roles may share a code, each in the section about it.
  for (const section of listed) assert.equal(new Set(section).size, section.length);
});
