// Takes a run down: its processes, directors, namespaces and files. Synchronous, so that a signal cannot interrupt it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../sys/clock.js';
import { locked } from '../../sys/files/lock.js';
import { processesIn } from '../../sys/namespaces/processes-in.js';
import { removeNetns } from '../../sys/namespaces/remove-netns.js';
import { runChildSync, signalProcess, startTime } from '../../sys/processes/child.js';
import { LAB_STATE, labEnvironment } from '../state/paths.js';
import { allRuns, conditionOf, endRun, type RunState } from '../state/run-state.js';

const namespaceFile = (namespace: string): string => `/run/netns/${namespace}`;

/** Of a lab: it or its users started all of them. */
const livingIn = (namespace: string): readonly number[] =>
  processesIn(namespace).filter((pid) => pid !== process.pid && startTime(pid) !== undefined);

/** Sends SIGTERM to all processes in these namespaces, and SIGKILL two seconds later. */
function endProcesses(namespaces: readonly string[]): void {
  const living = (): readonly number[] => namespaces.flatMap(livingIn);
  let pids = living();
  pids.forEach((pid) => signalProcess(pid, 'SIGTERM'));
  const until = Date.now() + 2000;
  while (pids.length > 0 && Date.now() < until) {
    systemClock.sleep(20);
    pids = pids.filter((pid) => startTime(pid) !== undefined);
  }
  living().forEach((pid) => signalProcess(pid, 'SIGKILL'));
}

/** Removes a director's pins, which are outside its namespace. */
function unloadDirector(namespace: string, folder: string): readonly string[] {
  const { exit, stderr } = runChildSync(['ip', 'netns', 'exec', namespace, 'weir', 'unload'], {
    env: labEnvironment(folder),
    timeoutMs: 10_000,
  });
  return exit === 0 ? [] : [`weir unload in ${namespace}: ${stderr.trim() || `exit ${exit}`}`];
}

/** Takes a run down and returns what failed. After a failure its state stays, so that it can be tried again. */
export function takeDown(state: RunState): readonly string[] {
  const namespaces = [...Object.values(state.hosts), state.switches].filter((name) => existsSync(namespaceFile(name)));
  endProcesses(namespaces);
  const unloading = state.directors
    .map((host) => state.hosts[host] ?? '')
    .filter((name) => namespaces.includes(name))
    .flatMap((name) => unloadDirector(name, state.folder));
  const deleting = namespaces.flatMap((name) => {
    const obstacle = removeNetns(name);
    return obstacle === undefined ? [] : [`ip netns del ${name}: ${obstacle}`];
  });
  if (deleting.length === 0) endRun(state);
  return [...unloading, ...deleting];
}

/**
 * Takes down a run that no process runs: abandoned, or left standing. Under a lock, it reads the runs again first,
 * because another process may have taken it down, and a third may have taken its name.
 */
export function takeDownOther(state: RunState): readonly string[] {
  return locked(join(LAB_STATE, 'lock'), { waitMs: 60_000 }, () => {
    const now = allRuns().find(({ run }) => run === state.run);
    return now === undefined || conditionOf(now) === 'running' ? [] : takeDown(now);
  });
}

/** Takes down the runs of killed processes; returns their names. */
export function takeDownAbandoned(): readonly string[] {
  const abandoned = allRuns().filter((state) => conditionOf(state) === 'abandoned');
  abandoned.forEach(takeDownOther);
  return abandoned.map(({ run }) => run);
}
