// Who holds a lock (lock.ts), found without asking for it.
import { readFileSync, statSync } from 'node:fs';
import { unlessCode } from '../errno.js';
import { recordedHolder } from './lock.js';

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

/** From the text of /proc/locks: the processes that hold a flock(2) there, waiting ones (`->`) left out. */
export function flockHolders(text: string, device: number, inode: number): readonly number[] {
  const place = `${deviceText(device)}:${inode}`;
  return text.split('\n').flatMap((line) => {
    const [, pid, where] = /^\d+: FLOCK +\S+ +WRITE +(-?\d+) (\S+) /.exec(line) ?? [];
    return where === place ? [Number(pid)] : [];
  });
}

/**
 * The process that holds the lock exclusively; undefined: none. Some file systems have another device number in /proc/locks than files have
 * in stat(2): there it is the process that wrote its pid.
 */
export function exclusiveHolder(path: string): number | undefined {
  const file = unlessCode(() => statSync(path), GONE, undefined);
  if (file === undefined) return undefined;
  const text = unlessCode(() => readFileSync('/proc/locks', 'latin1'), GONE, '');
  return flockHolders(text, file.dev, file.ino).find((pid) => pid > 0) ?? unlessCode(() => recordedHolder(path), GONE, undefined);
}
