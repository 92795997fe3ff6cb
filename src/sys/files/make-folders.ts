// Folders that others may look into, whatever the umask of the process that makes them: the daemon's takes even the way through them away.
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode, unlessCode } from '../errno.js';

/** Makes the folder and those above it; what is there stays as it is. @throws the system's error */
export function makeFolders(path: string, mode = 0o755): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT')) throw error;
    makeFolders(dirname(path), mode);
    // Somebody else may be as far, or the way may lead nowhere, by a link.
    unlessCode(() => mkdirSync(path), ['EEXIST'], undefined);
  }
  chmodSync(path, mode);
}
