// reload_file: there, and empty, while the configuration is read at a reload: programs that write configurations wait for it to go away.
import { closeSync, constants, fchmodSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Log } from '../../../model/log-level.js';
import { isReplaceable } from '../../process/replaceable.js';

/** `folder`: that of the pid files. Undefined: none is wanted. */
export function reloadFilePath({ reloadFile }: GlobalSettings, folder: string): string | undefined {
  return reloadFile === undefined ? undefined : (reloadFile.path ?? join(folder, 'keepalived.reload'));
}

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Reading begins. */
export function makeReloadFile(path: string | undefined, log: Log): void {
  if (path === undefined || !isReplaceable(path)) return;
  try {
    const fd = openSync(path, FLAGS, 0o644);
    try {
      fchmodSync(fd, 0o644); // whatever the umask is
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    log('warning', `Failed to create reload file (${path}): ${(error as Error).message}`);
  }
}

/** Reading is over. */
export function removeReloadFile(path: string | undefined, log: Log): void {
  if (path === undefined || !isReplaceable(path)) return;
  try {
    rmSync(path, { force: true });
  } catch (error) {
    log('warning', `Failed to remove reload file (${path}): ${(error as Error).message}`);
  }
}
