// The same client before three pairs of directors whose master has no power any more, on Debian's 6.1 kernel in an emulator: keepalived on the kernel's IPVS,
// weir's daemon with the same file, and weir with its own stream. What the client loses is counted.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { test } from 'node:test';
import { noTools } from '../support/probes.js';
import { root } from '../support/project.js';
import { inGuest, noGuest } from './in-guest.js';

/** `900 of 900`, and why some were lost; `there`: how many the backup had when it took over. */
interface Losses {
  readonly old: string;
  readonly young: string;
  readonly there: number;
}

const skip = noGuest || noTools('python3', 'ipvsadm', 'keepalived');
const wholeOf = (counted: string): number => Number(/^(\d+) of \d+/.exec(counted)?.[1]);

test('keepalived on the kernel, and weir in its place: no old connection is lost, and of young ones what the backup had goes on', {
  skip,
}, (context) => {
  const output = inGuest('sync-failover.guest', 1_800, (objects) => {
    for (const file of ['sync_bed.py', 'sync-failover.py']) copyFileSync(`${root}/test/vm/${file}`, `${objects}/${file}`);
  });
  for (const pair of ['keepalived on the kernel', 'weir with the same file', 'weir with its stream']) {
    const losses = JSON.parse(output.get(pair) ?? '{}') as Losses;
    context.diagnostic(`${pair}: ${losses.old}; of those begun in the moment before: ${losses.young}`);
    assert.equal(losses.old, '900 of 900', pair);
    assert.equal(wholeOf(losses.old) + wholeOf(losses.young), losses.there, JSON.stringify(losses));
  }
  assert.ok(output.has('end'));
});
