// Which network namespaces are alive: those of a process or thread, those bound to a path, those held by a descriptor. This is policy, more
// than a system call: it decides what may be swept. It stands in sys because both the driver (pins) and host (state files) need it.
import { fstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { native } from '../addon.js';
import { hasCode, unlessCode } from '../errno.js';
import { Fd, using } from '../fd.js';
import { isFirstUserNamespace, lackedCapabilities } from '../processes/own-capabilities.js';
import { processIds } from '../processes/process-tree.js';

/** Errors for /proc entries of a process that ends meanwhile, or for those of another user. */
const GONE = ['ENOENT', 'ESRCH', 'ENOTDIR', 'EACCES', 'EPERM', 'EINVAL'] as const;

/**
 * The given cookies whose namespace is alive. The cheap places are searched first, until all are found: processes, then bind
 * mounts, then threads and open descriptors. A process that may not search all of them returns all cookies.
 */
export function liveCookies(candidates: Iterable<bigint>): Set<bigint> {
  const wanted = new Set(candidates);
  const alive = new Set<bigint>();
  const seen = new Set<string>();
  const look = (path: string, link: string | undefined): boolean => {
    if (link?.startsWith('net:[') && !seen.has(link)) {
      const found = namespaceAt(path);
      if (found !== undefined) seen.add(found.link);
      if (found !== undefined && wanted.has(found.cookie)) alive.add(found.cookie);
    }
    return alive.size === wanted.size;
  };
  if (wanted.size === 0) return alive;
  if (!maySearch()) return wanted;
  for (const places of [processes, mounts, threads, descriptors]) {
    for (const path of places()) {
      const { at, link } = typeof path === 'string' ? { at: path, link: readLink(path) } : path;
      if (look(at, link)) return alive;
    }
  }
  return alive;
}

/** /proc/self/ns/pid of a process that sees all others of the machine (the kernel's PROC_PID_INIT_INO). */
const FIRST_PIDS = 'pid:[4026531836]';

/**
 * SYS_ADMIN to enter namespaces, SYS_PTRACE to read the links of other processes (capabilities(7)); root may lack both. In a container's pid
 * namespace the processes of the others are not to be seen.
 */
function maySearch(): boolean {
  if (readLink('/proc/self/ns/pid') !== FIRST_PIDS || !isFirstUserNamespace()) return false;
  return lackedCapabilities(['CAP_SYS_PTRACE', 'CAP_SYS_ADMIN']).length === 0;
}

interface Bound {
  readonly at: string;
  readonly link: string;
}

function* processes(): Generator<string> {
  for (const pid of processIds()) yield `/proc/${pid}/ns/net`;
}

function* threads(): Generator<string> {
  for (const pid of processIds()) for (const tid of list(`/proc/${pid}/task`)) yield `/proc/${pid}/task/${tid}/ns/net`;
}

/** A descriptor of a namespace reads as `net:[…]`, or as `/` when it was opened by a name that is gone. */
function* descriptors(): Generator<Bound> {
  const nsfs = statSync('/proc/self/ns/net').dev;
  for (const pid of processIds()) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      const at = `/proc/${pid}/fd/${fd}`;
      const link = readLink(at);
      if (link !== '/' && !link?.startsWith('net:[')) continue;
      const file = unlessCode(() => statSync(at), GONE, undefined);
      if (file?.dev === nsfs) yield { at, link: `net:[${file.ino}]` };
    }
  }
}

/** Namespaces bound to paths, in every mount namespace that has a process. */
function* mounts(): Generator<Bound> {
  const seen = new Set<string>();
  for (const pid of processIds()) {
    const mountNamespace = readLink(`/proc/${pid}/ns/mnt`);
    if (mountNamespace === undefined || seen.has(mountNamespace)) continue;
    const table = unlessCode(() => readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), GONE, '');
    for (const { root, point } of nsfsMounts(table)) yield { at: `/proc/${pid}/root${point}`, link: root };
    // A process that ended meanwhile did not show all mounts: the next one in this mount namespace is read.
    if (readLink(`/proc/${pid}/ns/mnt`) === mountNamespace) seen.add(mountNamespace);
  }
}

/** The nsfs lines of a mountinfo text: what is bound, and where (proc(5)). */
export function nsfsMounts(mountinfo: string): readonly { readonly root: string; readonly point: string }[] {
  const found = [];
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ', 2);
    const [, , , root, point] = left.split(' ');
    if (root === undefined || point === undefined || !right.startsWith('nsfs ')) continue;
    found.push({ root: unquote(root), point: unquote(point) });
  }
  return found;
}

/** mountinfo writes space, tab, newline and backslash as octal. */
function unquote(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function list(folder: string): readonly string[] {
  return unlessCode(() => readdirSync(folder), GONE, []);
}

function readLink(path: string): string | undefined {
  return unlessCode(() => readlinkSync(path), GONE, undefined);
}

/** The namespace at a path now: its process may have entered another one since the link was read. Undefined: it is gone. */
function namespaceAt(path: string): { readonly link: string; readonly cookie: bigint } | undefined {
  try {
    return using(new Fd(native().open(path, 0), path), ({ number }) => ({
      link: `net:[${fstatSync(number).ino}]`,
      cookie: native().netnsCookie(number),
    }));
  } catch (error) {
    if (hasCode(error, ...GONE)) return undefined;
    throw error;
  }
}
