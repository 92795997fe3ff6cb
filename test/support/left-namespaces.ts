// The namespaces of test processes that were killed, which could take nothing down.
import { readdirSync } from 'node:fs';
import { unlessCode } from '../../src/sys/errno.js';
import { processesIn } from '../../src/sys/namespaces/processes-in.js';
import { removeNetns } from '../../src/sys/namespaces/remove-netns.js';
import { signalProcess, startTime } from '../../src/sys/processes/child.js';

const FOLDER = '/run/netns';

const BEGINNING = 'wnet';

/** Of the tests of a process. */
export const namespaceOf = (bed: number, host: string, beginning = BEGINNING): string => `${beginning}${process.pid}x${bed}-${host}`;

/** With the processes in them. Several tests may do this at a time. */
export function removeLeftNamespaces(beginning = BEGINNING): void {
  const form = new RegExp(`^${beginning}(\\d+)x\\d+-`);
  for (const name of unlessCode(() => readdirSync(FOLDER), ['ENOENT'], [])) {
    const pid = form.exec(name)?.[1];
    if (pid === undefined || startTime(Number(pid)) !== undefined) continue;
    for (const left of processesIn(name)) signalProcess(left, 'SIGKILL');
    const obstacle = removeNetns(name);
    if (obstacle !== undefined) process.emitWarning(`${name}: ${obstacle}`);
  }
}
