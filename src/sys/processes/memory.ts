// Returns memory to the system that only the start, or work that took much, needed.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { native } from '../addon.js';

/**
 * Unmaps the pages of node and its libraries that the start has used; what is used again comes back from the kernel's cache. Some 20 MB of
 * a process are only of use until it runs. Takes some milliseconds. Where the memory is locked, nothing happens.
 */
export function releaseFiles(): void {
  native().releaseFiles();
}

/** The same, and a full garbage collection: 10 ms for a small heap, some tenths of a second for a large one. */
export function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect();
  collect();
  releaseFiles();
}
