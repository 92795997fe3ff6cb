// Whether a file was replaced or written since a process looked.
import { statSync } from 'node:fs';

/** Another text for another file, or for one that was written. @throws SystemError */
export function fileStamp(path: string): string {
  const { ino, mtimeNs, size } = statSync(path, { bigint: true });
  return `${ino} ${mtimeNs} ${size}`;
}
