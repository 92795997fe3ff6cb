// Hundreds of histories of weir's VRRP and health checks, as `weir sim` runs them: no invariant may break.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryIo } from '../io.js';
import { run } from './sim.js';

/** Those of health checks have more steps. */
const HISTORIES = { vrrp: 700, check: 150 } as const;

for (const [machine, count] of Object.entries(HISTORIES)) {
  test(`${count} histories of ${machine} break no invariant`, async () => {
    const io = memoryIo();
    const status = await run([machine, '--seeds', String(count)], io);
    assert.match(io.stdout, new RegExp(`^${count} seeds from 1, \\d+ steps: every invariant held\n$`));
    assert.equal(status, 0);
  });
}
