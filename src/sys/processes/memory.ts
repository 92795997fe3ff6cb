// Returns memory to the system that only the start, or work that took much, needed.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { native } from '../addon.js';

/** What a start sets in motion is over by then. */
const QUIET_MS = 2000;
/** A full collection takes about 1 ms for each MB, and nothing else runs meanwhile. */
const COLLECTED_MAX_BYTES = 24 * 1024 * 1024;

/**
 * Unmaps the pages of node and its libraries that the start has used; what is used again comes back from the kernel's cache. Some 20 MB of
 * a process are only of use until it runs. Takes some milliseconds. Where the memory is locked, nothing happens.
 */
export function releaseFiles(): void {
  native().releaseFiles();
}

/** As `releaseFiles`, after a full garbage collection: 10 ms for a small heap, some tenths of a second for a large one. */
export function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect();
  collect();
  releaseFiles();
}

/** For a process that must not stand still: a large heap is left to V8, which collects it in steps. */
export function giveMemoryBackIfQuick(): void {
  if (getHeapStatistics().used_heap_size <= COLLECTED_MAX_BYTES) giveMemoryBack();
  else releaseFiles();
}

/** `release` now, at the end of a start; `again` when the first election, the first attempts and their code's pages are of no more use. */
export function releaseAfterStart(release: () => void, again = release): void {
  release();
  setTimeout(again, QUIET_MS).unref();
}
