// The kernel's protocol between real kernels and weir, in either role, on Debian's 6.1 kernel in an emulator: what the master has, the backup has, and goes on
// with when the master is gone. A pair of kernels beside them shows that the set-up itself loses nothing.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { test } from 'node:test';
import { noTools } from '../support/probes.js';
import { root } from '../support/project.js';
import { inGuest, noGuest } from './in-guest.js';

interface Failover {
  readonly master: readonly string[];
  readonly backup: readonly string[];
  /** Of each connection: `goes on`, or why not. */
  readonly after: readonly string[];
}

const skip = noGuest || noTools('python3', 'ipvsadm');

test('a kernel and weir, each as master of the other, and two of each: connections go on', { skip }, () => {
  const output = inGuest('sync-pairs.guest', 1_800, (objects) => {
    for (const file of ['sync_bed.py', 'sync-pairs.py']) copyFileSync(`${root}/test/vm/${file}`, `${objects}/${file}`);
  });
  for (const pair of ['kernel to weir', 'weir to kernel', 'weir to weir', 'kernel to kernel']) {
    const { master, backup, after } = JSON.parse(output.get(pair) ?? '{}') as Failover;
    assert.equal(master?.length, 5, pair);
    for (const row of master) assert.match(row, /^TCP ESTABLISHED 10\.9\.1\.100:\d+ 10\.9\.1\.200:80 10\.9\.2\.100:80$/);
    assert.deepEqual(backup, master, pair);
    assert.deepEqual(
      after,
      master.map(() => 'goes on'),
      pair,
    );
  }
  assert.ok(output.has('end'));
});
