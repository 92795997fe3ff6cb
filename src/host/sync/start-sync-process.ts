// Starts the process that sends or receives connections.
import { spawn } from 'node:child_process';
import { WeirError } from '../../model/errors/weir-error.js';
import type { DaemonSettings } from '../../model/sync-daemon.js';
import { artifact } from '../../sys/artifact.js';
import { systemClock } from '../../sys/clock.js';
import { startTime } from '../../sys/processes/child.js';
import { fileSyncRecords } from './sync-record.js';

/** It loads the datapath where that is missing, which takes seconds on a slow machine. */
const START_MS = 30_000;
const LOOK_MS = 10;

/**
 * Starts the process of a daemon, in a session of its own, and waits until it stands: its sockets are open, and it has written itself into the
 * record of its role. The record has its settings already. What it cannot do it prints itself. @throws WeirError sync-process-ended
 */
export function startSyncProcess({ role }: DaemonSettings): void {
  const child = spawn(process.execPath, [...process.execArgv, artifact('weir.cjs'), 'sync', 'run', role], {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  const { pid } = child;
  child.on('error', () => {}); // it has no pid then
  child.unref();
  for (let waited = 0; pid !== undefined && startTime(pid) !== undefined && waited < START_MS; waited += LOOK_MS) {
    if (fileSyncRecords.read(role)?.process?.pid === pid) return;
    systemClock.sleep(LOOK_MS);
  }
  if (pid !== undefined && startTime(pid) !== undefined) process.kill(pid, 'SIGKILL');
  throw new WeirError('sync-process-ended', { role });
}
