// Pid files: keepalived's names and places, written without following links, and whether a daemon runs already.
import { closeSync, constants, fchmodSync, openSync, readFileSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { hasCode, unlessCode } from '../../sys/errno.js';
import { makeFolders } from '../../sys/make-folders.js';
import { startOfFile } from '../../sys/start-of-file.js';
import type { DaemonOptions } from '../supervisor/daemon-options.js';
import { isReplaceable } from './replaceable.js';

export interface PidFiles {
  readonly parent: string;
  readonly vrrp: string;
  readonly checker: string;
  readonly bfd: string;
  /** Where they stand unless a name of their own is given. */
  readonly folder: string;
  /** That folder, and those around it, if they are the daemon's own: they go when they are empty. */
  readonly ownFolders: readonly string[];
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
    bfd: options.pidFiles.bfd ?? place('bfd'),
    folder,
    ownFolders: own ? [...new Set([folder, `${run}/keepalived`])] : [],
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
  if (dirname(path).includes('/keepalived')) makeFolders(dirname(path));
  if (!isReplaceable(path)) return; // /dev/null: nobody wants one
  rmSync(path, { force: true });
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
  try {
    fchmodSync(fd, 0o644); // whatever the umask is
    writeSync(fd, `${process.pid}\n`);
  } catch (error) {
    rmSync(path, { force: true }); // an empty one says less than none
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Whether it is the disk that cannot take a file, full or broken: nothing that the daemon's work should wait for. */
export const isDiskTrouble = (error: unknown): boolean => hasCode(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO');

/** Removes a pid file, if it is this process's. */
export function removePidFile(path: string, pid = process.pid): void {
  if (textIn(path) === String(pid)) rmSync(path, { force: true });
}

/** The daemon's own folders go with its last file; those that others use stay. */
export function removeOwnFolders({ ownFolders }: Pick<PidFiles, 'ownFolders'>): void {
  for (const folder of ownFolders) unlessCode(() => rmdirSync(folder), ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'EROFS'], undefined);
}
