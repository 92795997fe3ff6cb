import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostNumberNames, readNames } from './number-names.js';

test('lines of numbers and names', () => {
  assert.deepEqual(
    [...readNames('# c\n100 isp # x\n0x2a answer\nbad\n', false)],
    [
      ['isp', 100],
      ['answer', 42],
    ],
  );
  assert.deepEqual([...readNames('vrrp 112 VRRP\n', true)], [['vrrp', 112]]);
});

test('the later folder wins, parts in .d count, what is missing is no name', (context) => {
  const home = mkdtempSync(join(tmpdir(), 'weir-names-'));
  context.after(() => rmSync(home, { recursive: true }));
  for (const [path, text] of [
    ['a/rt_tables', '1 one\n2 two'],
    ['b/rt_tables', '20 two'],
    ['b/rt_tables.d/x.conf', '30 three'],
    ['b/rt_tables.d/x.bak', '40 four'],
    ['protocols', 'vrrp 112 VRRP'],
  ] as const) {
    mkdirSync(join(home, path, '..'), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  const names = hostNumberNames({ usr: join(home, 'a'), etc: join(home, 'b') }, join(home, 'protocols'));
  assert.deepEqual(
    ['one', 'two', 'three', 'four'].map((name) => names('table', name)),
    [1, 20, 30, undefined],
  );
  assert.equal(names('ipProtocol', 'vrrp'), 112);
  assert.equal(names('scope', 'one'), undefined);
  assert.equal(hostNumberNames({ usr: join(home, 'none'), etc: join(home, 'none') })('table', 'one'), undefined);
});
