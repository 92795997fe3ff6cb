// Into the background: node cannot fork, so a copy of the command goes on in a session of its own, and this process waits until it stands.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { keepingEarlySignals } from '../../../sys/processes/early-signals.js';

const BACKGROUND_VARIABLE = 'WEIR_BACKGROUND';

/** Whether this process is that copy; asked once. */
export function isBackground(environment: NodeJS.ProcessEnv = process.env): boolean {
  const set = environment[BACKGROUND_VARIABLE] !== undefined;
  delete environment[BACKGROUND_VARIABLE];
  return set;
}

/** In the copy: it stands. Whoever waits may go, and its terminal is let go of. */
export function reportStarted(): void {
  if (!process.connected) return;
  process.send?.({ kind: 'standing' }, undefined, undefined, () => process.disconnect());
  closeSync(2);
  openSync('/dev/null', 'w'); // gets the number that came free
}

/** Starts the copy; resolves with 0 when it stands, or with its exit status when it ended before. */
export function daemonize(argv: readonly string[]): Promise<number> {
  const entry = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, entry, 'keepalived', ...argv], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
    env: { ...keepingEarlySignals(process.env), [BACKGROUND_VARIABLE]: '1' },
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('message', () => {
      child.unref();
      child.disconnect();
      done(0);
    });
    child.on('exit', (code) => done(code ?? 1));
  });
}
