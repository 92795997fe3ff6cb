// Folders with the given mode, whatever the umask of this process is: with the daemon's, other users could not even pass through them.
import { mkdirSync } from 'node:fs';
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

/** Makes the folder and those above it; folders that exist stay as they are. @throws the system's error */
export function makeFolders(path: string, mode = 0o755): void {
  try {
    makeFolder(path, mode);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT')) throw error;
    makeFolders(dirname(path), mode);
    // Another process may have made it meanwhile, or it may be a symbolic link that leads nowhere.
    unlessCode(() => makeFolder(path, mode), ['EEXIST'], undefined);
  }
}
