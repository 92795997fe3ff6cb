// Where the machine's own mounts are, as seen from here: a command may run in a private mount namespace or in a chroot.

import { closeSync, constants, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { unlessCode } from '../../../sys/errno.js';

const UNSEEN = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'] as const;
const KTHREADD = 2;

/** How this process reaches the files of the machine's first mount namespace. */
export interface View {
  /** Put before a path: '' where what we see is what the machine sees, else /proc/<anchor>/root. */
  readonly root: string;
  /** The pid of a process in that namespace that does not end soon. */
  readonly anchor: number;
}

/** @throws WeirError proc-not-mounted, mounts-hidden */
export function mountView(): View {
  const own = link('/proc/self/ns/mnt');
  if (own === undefined) throw new WeirError('proc-not-mounted');
  for (const anchor of anchors()) {
    const root = `/proc/${anchor}/root`;
    const theirs = link(`/proc/${anchor}/ns/mnt`);
    if (theirs === undefined || !isFolder(`${root}/run`)) continue;
    return { root: own === theirs && samePlace('/', `${root}/`) ? '' : root, anchor };
  }
  throw new WeirError('mounts-hidden');
}

/**
 * Process 1; where a sandbox hides it, the kernel's threads, which are in the first mount namespace; then our ancestor processes, the
 * oldest first: `ip netns exec` and chroot change only their own descendants.
 */
function* anchors(): Generator<number> {
  yield 1;
  if (parentOf(KTHREADD) === 0) yield KTHREADD;
  const line = [];
  for (let pid: number | undefined = process.pid; pid !== undefined && pid > 1; pid = parentOf(pid)) line.push(pid);
  yield* line.reverse();
}

/** undefined: no such process. */
function parentOf(pid: number): number | undefined {
  const status = unlessCode(() => readFileSync(`/proc/${pid}/status`, 'latin1'), UNSEEN, '');
  const parent = /^PPid:\s*(\d+)$/m.exec(status)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function link(path: string): string | undefined {
  return unlessCode(() => readlinkSync(path), UNSEEN, undefined);
}

function isFolder(path: string): boolean {
  return unlessCode(() => statSync(path).isDirectory(), UNSEEN, false);
}

/** Are these one folder by one mount? The inode does not decide: in a chroot into a bind mount of / it is the same one. */
function samePlace(a: string, b: string): boolean {
  const [x, y] = [statSync(a), statSync(b)];
  return x.dev === y.dev && x.ino === y.ino && mountId(a) === mountId(b);
}

function mountId(folder: string): string | undefined {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
  } finally {
    closeSync(fd);
  }
}
