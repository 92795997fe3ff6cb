// What attempts get from the configuration: how a MISC_CHECK's script ends.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { emptyConfiguration } from '../../../../test/support/keepalived-configuration.js';
import { signalProcess, startTime } from '../../../sys/processes/child.js';
import { attemptTools } from './attempt-tools.js';

const identity = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

test('MISC_CHECK: a script whose time is over ends with a child that has a session of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-misc-'));
  const noted = join(folder, 'child');
  try {
    const { runScript } = attemptTools({
      configuration: () => emptyConfiguration,
      resolve: ({ text }) => ({ kind: 'shell', text, identity }),
      log: () => {},
    });
    // Its session is its own once setsid has started what it is for; it has the time to, on a busy machine too.
    const text = `setsid sh -c 'echo $$ > ${noted}; exec sleep 1000' & wait`;
    const running = runScript({ argv: [text], text }, 6_000_000, 'a check');
    assert.ok(typeof running !== 'string', String(running));
    assert.deepEqual(await running.ended, { kind: 'timedOut' });
    assert.ok(existsSync(noted), 'the child has not begun');
    const child = Number(readFileSync(noted, 'utf8'));
    const until = performance.now() + 60_000;
    while (startTime(child) !== undefined && performance.now() < until) await sleep(10);
    const isLeft = startTime(child) !== undefined;
    if (isLeft) signalProcess(child, 'SIGKILL');
    assert.ok(!isLeft, `${child} outlived its script`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
