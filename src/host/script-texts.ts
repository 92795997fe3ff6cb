// The texts of scripts that a configuration names, for the rules that examine them.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** bytes; programs are larger, scripts are not. */
const LARGEST_SCRIPT = 64 * 1024;

/** undefined: it cannot be read, or is no text. */
function textOf(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // Missing or not readable: nothing is known about it.
    return undefined;
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile() || status.size > LARGEST_SCRIPT) return undefined;
    const bytes = Buffer.alloc(status.size);
    const text = bytes.subarray(0, readSync(descriptor, bytes)).toString('latin1');
    return text.includes('\0') ? undefined : text;
  } finally {
    closeSync(descriptor);
  }
}

/** The texts of scripts, by path; what cannot be read, is no regular file, or is a program is left out. */
export function readScriptTexts(paths: Iterable<string>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const path of paths) {
    const text = path.startsWith('/') && !texts.has(path) ? textOf(path) : undefined;
    if (text !== undefined) texts.set(path, text);
  }
  return texts;
}
