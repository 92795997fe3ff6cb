// How the daemon's processes look in ps, pgrep and killall: as keepalived, with its path and its arguments.

import { writeFileSync } from 'node:fs';
import { native } from '../../sys/addon.js';
import { isSystemError } from '../../sys/errno.js';

/** bin/keepalived and bin/genhash store there the path by which it was called. */
const PATH_VARIABLE = 'WEIR_CALLED_AS';

/** `/usr/sbin/keepalived`, or `name` alone where it is not known. Asked once: scripts do not inherit it. */
export function calledAs(name = 'keepalived'): string {
  const path = process.env[PATH_VARIABLE];
  delete process.env[PATH_VARIABLE];
  return path === undefined || path === '' ? name : path;
}

/** `weir run` stores there the words that were typed. */
const TYPED_VARIABLE = 'WEIR_TYPED';

export function rememberTyped(words: readonly string[]): void {
  process.env[TYPED_VARIABLE] = JSON.stringify(words);
}

/** The command line as it was typed, or `otherwise`. Asked once: scripts do not inherit it. */
export function typedWords(otherwise: readonly string[]): readonly string[] {
  const words = process.env[TYPED_VARIABLE];
  delete process.env[TYPED_VARIABLE];
  return words === undefined ? otherwise : (JSON.parse(words) as readonly string[]);
}

/** `name`: what comm shows, 15 bytes of it (default keepalived); `words`: the whole list. */
export function nameProcess(name: string, words: readonly string[]): void {
  try {
    native().setWords(Buffer.from(words.map((word) => `${word}\0`).join('')));
    // The name alone is what killall compares.
    writeFileSync('/proc/self/comm', name.slice(0, 15));
  } catch (error) {
    // Without /proc it stays as it was: nothing depends on it here.
    if (!isSystemError(error)) throw error;
  }
}
