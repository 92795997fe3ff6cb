// Where the daemon's pid files stand, as with keepalived, and whether a daemon runs already.
import { readFileSync, rmdirSync } from 'node:fs';
import { basename } from 'node:path';
import { unlessCode } from '../../../sys/errno.js';
import { startTime } from '../../../sys/processes/child.js';
import { readPidFile } from '../../process/pid-file.js';
import { PROCESS_KINDS, PROCESSES, type ProcessKind } from '../../processes.js';
import type { DaemonOptions } from '../daemon-options.js';

export interface PidFiles extends Readonly<Partial<Record<ProcessKind, string>>> {
  readonly parent: string;
  /** Where they stand unless a name of their own is given. */
  readonly folder: string;
  /** `folder` and those around it that are the daemon's own: they are removed when they are empty. */
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
    ...Object.fromEntries(
      PROCESS_KINDS.flatMap((kind) => {
        const { keepalived } = PROCESSES[kind];
        return keepalived === undefined ? [] : [[kind, options.pidFiles[kind] ?? place(keepalived.pidFile)]];
      }),
    ),
    folder,
    ownFolders: own ? [...new Set([folder, `${run}/keepalived`])] : [],
  };
}

/**
 * Whether a process lives and is a keepalived. Numbers are used again: another program's process is not ours. A zombie keeps its name, and where the
 * first process of a container reaps none it stays for ever.
 */
export function isKeepalived(pid: number): boolean {
  if (startTime(pid) === undefined) return false;
  const fact = (name: string): string => unlessCode(() => readFileSync(`/proc/${pid}/${name}`, 'utf8'), ['ENOENT', 'ESRCH', 'EACCES'], '');
  const [program = ''] = fact('cmdline').split(/[\0 ]/);
  return [fact('comm'), basename(program)].some((name) => name.startsWith('keepalived'));
}

/** The living keepalived that a pid file names, unless it is this process. */
export function runningFrom(path: string): number | undefined {
  const pid = Number(readPidFile(path));
  return Number.isSafeInteger(pid) && pid > 0 && pid !== process.pid && isKeepalived(pid) ? pid : undefined;
}

/** The daemon's own folders go with its last file; those that others use stay. */
export function removeOwnFolders({ ownFolders }: Pick<PidFiles, 'ownFolders'>): void {
  for (const folder of ownFolders) unlessCode(() => rmdirSync(folder), ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'EROFS'], undefined);
}
