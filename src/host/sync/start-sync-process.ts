// Starts the process that sends or receives connections.
import { spawn } from 'node:child_process';
import { openSync, readFileSync, rmSync } from 'node:fs';
import { WeirError } from '../../model/errors/weir-error.js';
import type { DaemonRole, DaemonSettings } from '../../model/sync-daemon.js';
import { artifact } from '../../sys/artifact.js';
import { systemClock } from '../../sys/clock.js';
import { Fd, using } from '../../sys/fd.js';
import { startTime } from '../../sys/processes/child.js';
import { netnsStatePath } from '../state-file.js';
import { fileSyncRecords } from './sync-record.js';

/** It loads the datapath where that is missing, which takes seconds on a slow machine. */
const START_MS = 30_000;
const LOOK_MS = 10;

/**
 * Starts the process of a daemon, in a session of its own, and waits until it stands: its sockets are open, and it has written itself into the
 * record of its role. The record has its settings already. `print`: gets what it printed until it failed.
 * @throws WeirError sync-process-ended; SystemError
 */
export function startSyncProcess({ role }: DaemonSettings, print = (text: string): unknown => process.stderr.write(text)): void {
  using(errorFile(role), (errors) => {
    const child = spawn(process.execPath, [...process.execArgv, artifact('weir.cjs'), 'sync', 'run', role], {
      stdio: ['ignore', 'ignore', errors.number],
      detached: true,
      cwd: '/',
    });
    const { pid } = child;
    child.on('error', () => {}); // it has no pid then
    child.unref();
    for (let waited = 0; pid !== undefined && startTime(pid) !== undefined && waited < START_MS; waited += LOOK_MS) {
      if (fileSyncRecords.read(role)?.process?.pid === pid) return;
      systemClock.sleep(LOOK_MS);
    }
    if (pid !== undefined && startTime(pid) !== undefined) process.kill(pid, 'SIGKILL');
    print(readFileSync(`/proc/self/fd/${errors.number}`, 'utf8'));
    throw new WeirError('sync-process-ended', { role });
  });
}

/** A file without a name. With the command's own error output the daemon would keep a pipe open that a script or a log reads to its end. */
function errorFile(role: DaemonRole): Fd {
  const path = netnsStatePath('sync', `_${role}_errors`);
  const file = new Fd(openSync(path, 'w', 0o600), path);
  rmSync(path);
  return file;
}
