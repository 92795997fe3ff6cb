import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../../../test/support/until.js';
import type { TrackProcess } from '../../../model/keepalived/trackers.js';
import { TrackProcesses } from './track-processes.js';

const DELAY_MS = 700;

test('a quorum that is lost counts after terminate_delay, however many other processes begin meanwhile', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-track-'));
  const program = join(folder, `tracked${process.pid}`);
  copyFileSync('/bin/sleep', program);
  const tracked: TrackProcess = {
    name: 'tracked',
    argv: [program],
    parameterMatch: 'none',
    fullCommand: true,
    weight: 0,
    reverse: false,
    quorum: 1,
    forkDelayUs: 0,
    terminateDelayUs: DELAY_MS * 1000,
  };
  const reports: { readonly running: number; readonly atMs: number }[] = [];
  const processes = new TrackProcesses(
    (_, running) => reports.push({ running, atMs: performance.now() }),
    (_, text) => t.diagnostic(text),
  );
  const children = [1, 2].map(() => spawn(program, ['1000'], { stdio: 'ignore' }));
  try {
    await Promise.all(children.map((child) => once(child, 'spawn')));
    processes.configure([tracked]);
    assert.deepEqual(
      reports.map(({ running }) => running),
      [2],
    );
    children[0]?.kill();
    await until(() => reports.at(-1)?.running === 1, 'one less, which is enough, counts at once');
    assert.deepEqual(processes.waiting(), new Map());
    children[1]?.kill();
    await until(() => processes.waiting().get('tracked') === 'terminate', 'the quorum is lost');
    const lostAtMs = performance.now();
    await until(() => {
      spawnSync('/bin/true');
      return reports.at(-1)?.running === 0;
    }, 'it counts');
    assert.ok((reports.at(-1)?.atMs ?? 0) - lostAtMs > DELAY_MS / 2, 'it lasted');
    assert.deepEqual(processes.waiting(), new Map());
    assert.equal(reports.length, 3);
  } finally {
    processes.close();
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
