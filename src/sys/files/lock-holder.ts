// Who holds a lock (lock.ts), found without asking for it.
import { readFileSync, statSync } from 'node:fs';
import { unlessCode } from '../errno.js';

const GONE = ['ENOENT'] as const;

/** The device's number as /proc/locks writes it, `major:minor` in hexadecimal digits. */
function deviceText(device: number): string {
  // glibc's makedev: 12 bits of the major number above 8 of the minor one, the rest of both above them.
  const wide = BigInt(device);
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn);
  const minor = (wide & 0xffn) | ((wide >> 12n) & ~0xffn);
  const hex = (number: bigint): string => number.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}`;
}

export interface LockHolder {
  readonly pid: number;
  readonly kind: 'exclusive' | 'shared';
}

/** From the text of /proc/locks: the processes that hold a flock(2) there, waiting ones (`->`) left out. */
export function flockHolders(text: string, device: number, inode: number): readonly LockHolder[] {
  const place = `${deviceText(device)}:${inode}`;
  const locks = [...text.matchAll(/^\d+: FLOCK +\S+ +(READ|WRITE) +(\d+) (\S+) /gm)];
  return locks
    .filter(([, , pid, where]) => where === place && Number(pid) > 0)
    .map(([, access, pid]) => ({ pid: Number(pid), kind: access === 'WRITE' ? 'exclusive' : 'shared' }));
}

/**
 * Those that can be seen: not a process of another PID namespace, and none on a file system whose files have another device in stat(2)
 * than in /proc/locks (btrfs; not tmpfs, which /run is).
 */
export function lockHolders(path: string): readonly LockHolder[] {
  const file = unlessCode(() => statSync(path), GONE, undefined);
  if (file === undefined) return [];
  const text = unlessCode(() => readFileSync('/proc/locks', 'latin1'), GONE, '');
  return flockHolders(text, file.dev, file.ino);
}

/** The process that holds the lock exclusively; undefined: none, or one that cannot be seen. */
export function exclusiveHolder(path: string): number | undefined {
  return lockHolders(path).find(({ kind }) => kind === 'exclusive')?.pid;
}
