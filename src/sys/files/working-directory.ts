// The folder that relative paths begin at. It may have been removed while this process, or the shell that began it, was in it.
import { isAbsolute, resolve } from 'node:path';
import { WeirError } from '../../model/errors/weir-error.js';
import { unlessCode } from '../errno.js';

/** undefined: it was removed, and relative paths lead nowhere. */
export function workingDirectory(): string | undefined {
  return unlessCode(() => process.cwd(), ['ENOENT'], undefined);
}

/** @throws WeirError working-directory-gone, of a relative path */
export function absolutePath(path: string): string {
  if (!isAbsolute(path) && workingDirectory() === undefined) throw new WeirError('working-directory-gone', { path });
  return resolve(path);
}
