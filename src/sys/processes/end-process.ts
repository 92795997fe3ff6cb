// Ends this process immediately, whatever V8's threads do.
import { native } from '../addon.js';
import type { Native } from '../native.js';

function addon(): Native | undefined {
  try {
    return native();
  } catch {
    return undefined; // it was not built: help and versions work without it
  }
}

/**
 * Calls the listeners of `exit` and ends. Node 20 ends by `process.exit` only after it joined V8's threads, and that join sometimes never
 * returns (seen in one of 40 listings of 2,000 services): all output was written, and the command stayed.
 */
export function endProcess(status: number): never {
  const ended = addon();
  if (ended === undefined) return process.exit(status);
  process.exitCode = status;
  process.emit('exit', status);
  return ended.exitNow(status);
}
