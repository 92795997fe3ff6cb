// A file that a command was given, as text.
import { readFileSync } from 'node:fs';
import { WeirError } from '../model/errors/weir-error.js';
import { isSystemError, reasonOf } from '../sys/errno.js';

/** @throws WeirError file-unreadable */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new WeirError('file-unreadable', { path, why: reasonOf(error) }, { cause: error });
  }
}

/** `-`: what comes by the standard input. */
export const readNamed = (path: string): string => readText(path === '-' ? '/dev/stdin' : path);
