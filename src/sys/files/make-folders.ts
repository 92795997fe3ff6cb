// Folders with the given mode, whatever the umask of this process is: with the daemon's, other users could not even pass through them.
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode, unlessCode } from '../errno.js';

/** From its first moment on it has this mode: another process may use it at that moment. The umask is the whole process's, whose one thread is here. */
function makeFolder(path: string, mode: number): void {
  const before = process.umask(0);
  try {
    mkdirSync(path, mode);
  } finally {
    process.umask(before);
  }
}

const OWNER_PASSES = 0o100;

/** A daemon with an umask of 177 once made folders without it, which only a process with all of root's rights can use. */
function letOwnerPass(path: string, mode: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true && (found.mode & OWNER_PASSES) === 0) chmodSync(path, mode);
}

/** Makes the folder and those above it; folders that exist stay as they are, unless their owner may not pass through. @throws the system's error */
export function makeFolders(path: string, mode = 0o755): void {
  try {
    makeFolder(path, mode);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) {
      letOwnerPass(path, mode);
      return;
    }
    if (!hasCode(error, 'ENOENT')) throw error;
    makeFolders(dirname(path), mode);
    // Another process may have made it meanwhile, or it may be a symbolic link that leads nowhere.
    unlessCode(() => makeFolder(path, mode), ['EEXIST'], undefined);
  }
}
