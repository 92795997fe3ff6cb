// Thousands of histories of weir's VRRP and health checks, as `weir sim` runs them: no invariant may break.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryIo } from '../io.js';
import { run } from './sim.js';

const HISTORIES = 3_000;

for (const machine of ['vrrp', 'check']) {
  test(`${HISTORIES} histories of ${machine} break no invariant`, async () => {
    const io = memoryIo();
    const status = await run([machine, '--seeds', String(HISTORIES)], io);
    assert.match(io.stdout, /^3000 seeds from 1, \d+ steps: every invariant held\n$/);
    assert.equal(status, 0);
  });
}
