// How the daemon's processes look in ps, pgrep and killall: as keepalived, with its arguments.

import { writeFileSync } from 'node:fs';
import { isSystemError } from '../../sys/errno.js';

/** `name`: what comm shows, 15 bytes of it (default keepalived); `argv`: the words behind it in the full list. */
export function nameProcess(name: string, argv: readonly string[]): void {
  process.title = ['keepalived', ...argv].join(' ');
  // The title also renamed the main thread, by its first 15 bytes: the name alone is what killall compares.
  try {
    writeFileSync('/proc/self/comm', name.slice(0, 15));
  } catch (error) {
    // Without /proc the name stays the title's beginning: nothing depends on it here.
    if (!isSystemError(error)) throw error;
  }
}
