// The processes in a named network namespace, as `ip netns pids` lists them.
import { readlinkSync, statSync } from 'node:fs';
import { unlessCode } from '../errno.js';
import { processIds } from '../processes/process-tree.js';

/** What ended meanwhile, and what may not be read. */
const NO_PROCESS = ['ENOENT', 'ESRCH', 'EACCES'];

/** None where there is no such namespace. */
export function processesIn(namespace: string): readonly number[] {
  const inode = unlessCode(() => statSync(`/run/netns/${namespace}`).ino, ['ENOENT'], undefined);
  if (inode === undefined) return [];
  const linkOf = (pid: number) => unlessCode(() => readlinkSync(`/proc/${pid}/ns/net`), NO_PROCESS, undefined);
  return processIds().filter((pid) => linkOf(pid) === `net:[${inode}]`);
}
