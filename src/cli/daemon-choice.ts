// Which daemon a command is for: the one that is named, or the only one of this network namespace.
import { readPidFile } from '../daemon/process/pid-file.js';
import { isKeepalived } from '../daemon/supervisor/start/pid-file-places.js';
import { keepalivedDaemons } from '../host/keepalived-daemons.js';
import { type RunningDaemon, runningDaemons } from '../host/running-daemon.js';
import { WeirError } from '../model/errors/weir-error.js';

export const DEFAULT_PID_FILE = '/run/keepalived.pid';

export interface DaemonChoice {
  /** Absent: the plan is one of a start. */
  readonly daemon?: RunningDaemon;
  /** A keepalived that runs here, of which nothing is known: Debian's, or one of another build. */
  readonly unknown?: number;
}

/** @throws WeirError argument-value */
export function processNumber(word: string): number {
  if (!/^[1-9]\d{0,9}$/.test(word)) throw new WeirError('argument-value', { expected: 'a process number', given: word });
  return Number(word);
}

/** The one that a plan is for. `file`: absolute: of several daemons the one that runs with it. @throws WeirError daemon-not-running, daemons-several; SystemError without root */
export function chooseDaemon(pid: number | undefined, file: string | undefined): DaemonChoice {
  const daemons = runningDaemons();
  if (pid !== undefined) {
    const daemon = daemons.find((one) => one.pid === pid);
    if (daemon === undefined) throw new WeirError('daemon-not-running', { where: `process ${pid} is none of this network namespace` });
    return { daemon };
  }
  const [first, second] = daemons;
  if (second !== undefined) {
    const same = daemons.filter((one) => one.file === file);
    const [daemon] = same;
    if (daemon === undefined || same.length > 1) throw new WeirError('daemons-several', { pids: daemons.map((one) => one.pid) });
    return { daemon };
  }
  if (first !== undefined) return { daemon: first };
  const [stranger] = keepalivedDaemons();
  return stranger === undefined ? {} : { unknown: stranger.pid };
}

/** The one that a pid file names. @throws WeirError daemon-not-running */
export function daemonOfFile(file: string): number {
  const pid = Number(readPidFile(file));
  if (Number.isSafeInteger(pid) && pid > 0 && isKeepalived(pid)) return pid;
  throw new WeirError('daemon-not-running', { where: `${file} names none` });
}

/** One that is to be signalled, whatever it publishes. All namespaces share the pid file's place. @throws WeirError daemon-not-running, daemons-several */
export function daemonOfNamespace(): number {
  const here = keepalivedDaemons().map(({ pid }) => pid);
  const named = Number(readPidFile(DEFAULT_PID_FILE));
  if (here.includes(named)) return named;
  if (here.length > 1) throw new WeirError('daemons-several', { pids: here });
  const [only] = here;
  if (only !== undefined) return only;
  const elsewhere = daemonOfFile(DEFAULT_PID_FILE);
  throw new WeirError('daemon-not-running', { where: `process ${elsewhere} of ${DEFAULT_PID_FILE} is of another network namespace` });
}
