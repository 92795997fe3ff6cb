// startup_script and shutdown_script: run to their end, or to their time's, before the children and after them.
import { spawn } from 'node:child_process';
import type { Script } from '../model/keepalived/script.js';
import type { Log } from './log.js';
import { idsOf } from './users.js';

export interface BoundedScript {
  readonly script: Script;
  readonly timeoutUs: number;
}

/** A script that ignores TERM gets so long until KILL. */
const GRACE_MS = 1000;

/** Runs it and says how it went; never rejects, for a daemon starts and stops whatever its scripts do. */
export function runBoundedScript(name: 'startup' | 'shutdown', { script, timeoutUs }: BoundedScript, log: Log): Promise<void> {
  const [file = '', ...args] = script.argv;
  log('info', `Running ${name} script ${file}`);
  return new Promise((done) => {
    let timedOut = false;
    const timers: NodeJS.Timeout[] = [];
    const finish = (level: 'info' | 'warning', text: string): void => {
      for (const timer of timers) clearTimeout(timer);
      log(level, `${name} script ${text}`);
      done();
    };
    try {
      const child = spawn(file, args, { stdio: 'ignore', detached: true, ...idsOf(script.runAs) });
      const signal = (which: NodeJS.Signals): void => {
        if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, which);
      };
      const expire = (): void => {
        timedOut = true;
        signal('SIGTERM');
        timers.push(setTimeout(() => signal('SIGKILL'), GRACE_MS));
      };
      timers.push(setTimeout(expire, timeoutUs / 1000));
      child.on('error', (error) => finish('warning', `script failed, ${error.message}`));
      child.on('exit', (code, ended) => {
        if (timedOut) finish('warning', 'timed out');
        else if (code === 0) finish('info', 'script succeeded');
        else finish('warning', code === null ? `script failed due to signal ${ended}` : `script failed, status ${code}`);
      });
    } catch (error) {
      finish('warning', `script failed, ${(error as Error).message}`);
    }
  });
}
