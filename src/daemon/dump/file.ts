// Dump files in $TMPDIR or /tmp: a folder of everybody's, so no link is followed and nobody else reads them (CVE-2018-19044 to 19046).
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fchmodSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../log.js';
import { isReplaceable } from '../replaceable.js';

/** `name` in the folder for dumps; a path of its own when the configuration gives one. */
export function dumpPath(name: string, own?: string): string {
  return own ?? join(process.env['TMPDIR'] ?? '/tmp', name);
}

/** Replaces the file by `text`, mode 0600. What fails is logged. */
export function writeDump(path: string, text: string, log: Log): void {
  if (!isReplaceable(path)) {
    log('warning', `Unable to write '${path}': it is a device or its like`);
    return;
  }
  const beside = `${path}.${randomBytes(6).toString('hex')}`;
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
    const { errno = 0, message } = error as NodeJS.ErrnoException;
    log('warning', `Unable to open '${path}' - errno ${-errno} (${message.replace(/^[A-Z0-9]+: /, '').replace(/, .*$/, '')})`);
  }
}
