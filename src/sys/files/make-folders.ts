// Folders with the given mode, whatever the umask of this process is: with the daemon's, other users could not even pass through them.
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode, unlessCode } from '../errno.js';

/** Makes the folder and those above it; folders that exist stay as they are. @throws the system's error */
export function makeFolders(path: string, mode = 0o755): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT')) throw error;
    makeFolders(dirname(path), mode);
    // Another process may have made it meanwhile, or it may be a symbolic link that leads nowhere.
    unlessCode(() => mkdirSync(path), ['EEXIST'], undefined);
  }
  chmodSync(path, mode);
}
