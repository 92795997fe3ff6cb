// The namespaces of test processes that were killed, which could take nothing down.
import { readdirSync } from 'node:fs';
import { unlessCode } from '../../src/sys/errno.js';
import { removeNetns } from '../../src/sys/namespaces/remove-netns.js';
import { runChildSync, signalProcess, startTime } from '../../src/sys/processes/child.js';

const FOLDER = '/run/netns';

/** Of the tests of a process. */
export const namespaceOf = (bed: number, host: string): string => `wnet${process.pid}x${bed}-${host}`;
const NAME = /^wnet(\d+)x\d+-/;

/** With the processes in them. Several tests may do this at a time. */
export function removeLeftNamespaces(): void {
  for (const name of unlessCode(() => readdirSync(FOLDER), ['ENOENT'], [])) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || startTime(Number(pid)) !== undefined) continue;
    for (const left of runChildSync(['ip', 'netns', 'pids', name]).stdout.split('\n').filter(Boolean))
      signalProcess(Number(left), 'SIGKILL');
    const obstacle = removeNetns(name);
    if (obstacle !== undefined) process.emitWarning(`${name}: ${obstacle}`);
  }
}
