// Pid files: keepalived's names and places, written without following links, and whether a daemon runs already.
import { closeSync, constants, fchmodSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { unlessCode } from '../sys/errno.js';
import { startOfFile } from '../sys/start-of-file.js';
import type { DaemonOptions } from './options.js';
import { isReplaceable } from './replaceable.js';

export interface PidFiles {
  readonly parent: string;
  readonly vrrp: string;
  readonly checker: string;
}

/** Where the files stand. With an instance, a namespace or use_pid_dir that is /run/keepalived. */
export function pidFilesFor(
  options: Pick<DaemonOptions, 'pidFiles'>,
  root: { readonly instanceName?: string; readonly usePidDirectory: boolean; readonly netNamespace?: string },
  run = '/run',
): PidFiles {
  const own = root.usePidDirectory || root.instanceName !== undefined || root.netNamespace !== undefined;
  const folder = own ? [run, 'keepalived', ...(root.netNamespace === undefined ? [] : [root.netNamespace])].join('/') : run;
  const suffix = root.instanceName === undefined ? '' : `_${root.instanceName}`;
  const place = (name: string): string => `${folder}/${name}${suffix}.pid`;
  return {
    parent: options.pidFiles.parent ?? place('keepalived'),
    vrrp: options.pidFiles.vrrp ?? place('vrrp'),
    checker: options.pidFiles.checker ?? place('checkers'),
  };
}

/** bytes; no number is longer */
const MOST = 32;

/** What stands in a pid file; nothing where there is none, or a device. */
function textIn(path: string): string {
  const start = unlessCode(() => startOfFile(path, MOST), ['ENOENT', 'ENOTDIR', 'ENXIO'], undefined);
  return Buffer.from(start ?? [])
    .toString('latin1')
    .trim();
}

/** The process a file names, if it lives and is a keepalived. Numbers are used again: another program's process is not ours. */
export function runningFrom(path: string): number | undefined {
  const pid = Number(textIn(path));
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  const fact = (name: string): string => unlessCode(() => readFileSync(`/proc/${pid}/${name}`, 'utf8'), ['ENOENT', 'ESRCH', 'EACCES'], '');
  const [program = ''] = fact('cmdline').split(/[\0 ]/);
  return [fact('comm'), basename(program)].some((name) => name.startsWith('keepalived')) ? pid : undefined;
}

/** @throws the system's error; the folder is made where it is below /run/keepalived */
export function writePidFile(path: string): void {
  if (dirname(path).includes('/keepalived')) mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  if (!isReplaceable(path)) return; // /dev/null: nobody wants one
  rmSync(path, { force: true });
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
  try {
    fchmodSync(fd, 0o644); // whatever the umask is
    writeSync(fd, `${process.pid}\n`);
  } finally {
    closeSync(fd);
  }
}

/** Removes a pid file, if it is this process's. */
export function removePidFile(path: string, pid = process.pid): void {
  if (textIn(path) === String(pid)) rmSync(path, { force: true });
}
