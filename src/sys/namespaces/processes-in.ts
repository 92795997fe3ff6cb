// The processes in a named network namespace, as `ip netns pids` lists them.
import { runChildSync } from '../processes/child.js';

/** None where there is no such namespace. */
export const processesIn = (namespace: string): readonly number[] =>
  runChildSync(['ip', 'netns', 'pids', namespace])
    .stdout.split('\n')
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
