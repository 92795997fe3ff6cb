// Which daemon a plan is for: the one that is named, or the only one of this network namespace, or the one that runs with the file.
import { keepalivedDaemons } from '../../host/keepalived-daemons.js';
import { type RunningDaemon, runningDaemons } from '../../host/running-daemon.js';
import { WeirError } from '../../model/errors/weir-error.js';

export interface DaemonChoice {
  /** Absent: the plan is one of a start. */
  readonly daemon?: RunningDaemon;
  /** A keepalived that runs here, of which nothing is known: Debian's, or one of another build. */
  readonly unknown?: number;
}

/** `file`: absolute. @throws WeirError daemon-not-running, daemons-several; SystemError without root */
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
