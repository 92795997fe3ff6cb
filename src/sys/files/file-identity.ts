// Which file a path leads to.
import { statSync } from 'node:fs';
import { unlessCode } from '../errno.js';

/** Where this process sees no file. */
export const UNSEEN = ['ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES', 'EPERM', 'ELOOP'] as const;

/** Equal for paths that lead to one file; undefined: none can be seen there. @throws SystemError */
export function fileIdentity(path: string): string | undefined {
  return unlessCode(
    () => {
      const { dev, ino } = statSync(path);
      return `${dev} ${ino}`;
    },
    UNSEEN,
    undefined,
  );
}
