// Takes a run down: its processes, its directors, its namespaces, its files. Waits as it goes, so that a signal cannot cut it short.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { locked } from '../../sys/files/lock.js';
import { runChildSync, signalProcess, startTime } from '../../sys/processes/child.js';
import { LAB_STATE, labEnvironment } from '../state/paths.js';
import { allRuns, conditionOf, endRun, type RunState } from '../state/run-state.js';

const namespaceFile = (namespace: string): string => `/run/netns/${namespace}`;

const pause = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/** Processes inside a namespace; all were started there by the lab or by its visitors. */
function processesIn(namespace: string): readonly number[] {
  const { stdout } = runChildSync(['ip', 'netns', 'pids', namespace]);
  return stdout
    .split('\n')
    .filter((line) => /^\d+$/.test(line))
    .map(Number)
    .filter((pid) => pid !== process.pid && startTime(pid) !== undefined);
}

/** SIGTERM for what runs in these namespaces, SIGKILL two seconds later. */
function endProcesses(namespaces: readonly string[]): void {
  const living = (): readonly number[] => namespaces.flatMap(processesIn);
  let pids = living();
  pids.forEach((pid) => signalProcess(pid, 'SIGTERM'));
  const until = Date.now() + 2000;
  while (pids.length > 0 && Date.now() < until) {
    pause(20);
    pids = pids.filter((pid) => startTime(pid) !== undefined);
  }
  living().forEach((pid) => signalProcess(pid, 'SIGKILL'));
}

/** Removes what a director pinned outside its namespace. */
function unloadDirector(namespace: string, folder: string): readonly string[] {
  const { exit, stderr } = runChildSync(['ip', 'netns', 'exec', namespace, 'weir', 'unload'], {
    env: labEnvironment(folder),
    timeoutMs: 10_000,
  });
  return exit === 0 ? [] : [`weir unload in ${namespace}: ${stderr.trim() || `exit ${exit}`}`];
}

/** Takes a run down. What could not be done comes back as complaints; then its state stays, so that it can be tried again. */
export function takeDown(state: RunState): readonly string[] {
  const namespaces = [...Object.values(state.hosts), state.switches].filter((name) => existsSync(namespaceFile(name)));
  endProcesses(namespaces);
  const unloading = state.directors
    .map((host) => state.hosts[host] ?? '')
    .filter((name) => namespaces.includes(name))
    .flatMap((name) => unloadDirector(name, state.folder));
  const deleting = namespaces.flatMap((name) => {
    const { exit, stderr } = runChildSync(['ip', 'netns', 'del', name]);
    return exit === 0 ? [] : [`ip netns del ${name}: ${stderr.trim()}`];
  });
  if (deleting.length === 0) endRun(state);
  return [...unloading, ...deleting];
}

/**
 * Takes down a run that is nobody's: abandoned, or left standing. One process at a time does so, and looks again first,
 * for meanwhile another may have done it and a third have taken the run's name.
 */
export function takeDownOther(state: RunState): readonly string[] {
  return locked(join(LAB_STATE, 'lock'), { waitMs: 60_000 }, () => {
    const now = allRuns().find(({ run }) => run === state.run);
    return now === undefined || conditionOf(now) === 'running' ? [] : takeDown(now);
  });
}

/** Takes down what killed processes left behind; the names of those runs. */
export function sweep(): readonly string[] {
  const abandoned = allRuns().filter((state) => conditionOf(state) === 'abandoned');
  abandoned.forEach(takeDownOther);
  return abandoned.map(({ run }) => run);
}
