import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { TrackProcess } from '../../../model/keepalived/trackers.js';
import { TrackProcesses } from './track-processes.js';

const PATIENCE_MS = 60_000;
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
    const until = async (what: string, isSo: () => boolean): Promise<void> => {
      for (const end = performance.now() + PATIENCE_MS; !isSo(); await delay(5)) assert.ok(performance.now() < end, what);
    };
    children[0]?.kill();
    await until('one less, which is enough, counts at once', () => reports.at(-1)?.running === 1);
    assert.deepEqual(processes.waiting(), new Map());
    children[1]?.kill();
    await until('the quorum is lost', () => processes.waiting().get('tracked') === 'terminate');
    const lostAtMs = performance.now();
    await until('it counts', () => {
      spawnSync('/bin/true');
      return reports.at(-1)?.running === 0;
    });
    assert.ok((reports.at(-1)?.atMs ?? 0) - lostAtMs > DELAY_MS / 2, 'it lasted');
    assert.deepEqual(processes.waiting(), new Map());
    assert.equal(reports.length, 3);
  } finally {
    processes.close();
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
