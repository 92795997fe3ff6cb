// The policies are read once for what is added in quick succession, and again for what comes later.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpsecPolicy } from '../../../model/ipsec-policy.js';
import { Recent } from './recent-policies.js';

test('the policies of IPsec are read again when they are older than 100 ms', () => {
  let now = 5000;
  const tables: IpsecPolicy[][] = [];
  const recent = new Recent(
    () => {
      tables.push([]);
      return tables.at(-1) ?? [];
    },
    () => now,
  );
  const first = recent.get();
  now += 100;
  assert.equal(recent.get(), first);
  now += 1;
  assert.notEqual(recent.get(), first);
  assert.equal(tables.length, 2);
});

test('policies that could not be read are read again by the next one who asks', () => {
  let refuses = true;
  const policies: readonly IpsecPolicy[] = [];
  const recent = new Recent(
    () => {
      if (refuses) throw new Error('EPERM');
      return policies;
    },
    () => 0,
  );
  assert.throws(() => recent.get(), /EPERM/);
  refuses = false;
  assert.equal(recent.get(), policies);
});
