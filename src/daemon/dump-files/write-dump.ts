// Dump files in $TMPDIR or /tmp: a folder that all may write to, so no link is followed and no other user reads them (CVE-2018-19044 to 19046).

import { closeSync, constants, fchmodSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { Log } from '../../model/log-level.js';
import { reasonOf } from '../../sys/errno.js';
import { isReplaceable } from '../process/replaceable.js';

const folderForDumps = (): string => process.env['TMPDIR'] ?? '/tmp';

/**
 * `name` in the folder for dumps; where the configuration sets one: a folder of its own (it ends in a slash), or a file of its own. What does
 * not begin with a slash is in the folder for dumps.
 */
export function dumpPath(name: string, own = ''): string {
  const path = own === '' || own.endsWith('/') ? join(own, name) : own;
  return path.startsWith('/') ? path : join(folderForDumps(), path);
}

/** Whose state it is, as the file's name has it: VRRP's has none. */
export type DataOf = '' | '_parent' | '_check' | '_bfd';

/**
 * Where a process writes its state: keepalived.data or state_dump_file, the process behind the name and, with
 * data_use_instance, the instance before the ending. `identSuffix`: `_NAMESPACE_INSTANCE`, as syslog shows it.
 */
export function dataPath(of: DataOf, { dumpFiles, dumpsPerInstance }: GlobalSettings, identSuffix = ''): string {
  const path = dumpPath('keepalived.data', dumpFiles.state);
  const file = basename(path);
  const dot = file.lastIndexOf('.') < 0 ? file.length : file.lastIndexOf('.');
  const instance = dumpsPerInstance === true && identSuffix !== '' ? `.${identSuffix.slice(1)}` : '';
  return join(dirname(path), `${file.slice(0, dot)}${of}${instance}${file.slice(dot)}`);
}

/** Who guesses it can keep one dump from being written, no more: node's cryptography would cost every start 3 ms for that. */
const hardToGuess = (): string => `${process.pid}${Math.random().toString(36).slice(2)}`;

/** Replaces the file by `text`, mode 0600. What fails is logged. */
export function writeDump(path: string, text: string, log: Log): void {
  if (!isReplaceable(path)) {
    log('warning', `Unable to write '${path}': it is a device or its like`);
    return;
  }
  const beside = `${path}.${hardToGuess()}`;
  try {
    const fd = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      fchmodSync(fd, 0o600);
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    const { errno = 0 } = error as NodeJS.ErrnoException;
    log('warning', `Unable to open '${path}' - errno ${-errno} (${reasonOf(error as NodeJS.ErrnoException)})`);
  }
}
