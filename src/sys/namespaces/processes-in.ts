// The processes in a named network namespace, as `ip netns pids` lists them.
import { fstatSync, openSync, readlinkSync } from 'node:fs';
import { unlessCode } from '../errno.js';
import { Fd, using } from '../fd.js';
import { processIds } from '../processes/process-tree.js';

/** What ended meanwhile, and what may not be read. */
const NO_PROCESS = ['ENOENT', 'ESRCH', 'EACCES'];

/** None where there is no such namespace. It is held open meanwhile: the kernel gives its number to the next namespace as soon as it is gone. */
export function processesIn(namespace: string): readonly number[] {
  const path = `/run/netns/${namespace}`;
  const number = unlessCode(() => openSync(path, 'r'), ['ENOENT'], undefined);
  if (number === undefined) return [];
  return using(new Fd(number, path), () => {
    const name = `net:[${fstatSync(number).ino}]`;
    const linkOf = (pid: number) => unlessCode(() => readlinkSync(`/proc/${pid}/ns/net`), NO_PROCESS, undefined);
    return processIds().filter((pid) => linkOf(pid) === name);
  });
}
