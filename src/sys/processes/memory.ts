// Returns this process's free memory to the system after work that took much: V8 itself would keep it until its next full collection.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A smaller heap is not worth the pause, bytes. */
const HEAP_MIN_BYTES = 128 << 20;

/** Runs a full garbage collection where the heap is large, which takes some tenths of a second. */
export function giveMemoryBack(): void {
  if (process.memoryUsage().heapTotal < HEAP_MIN_BYTES) return;
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect();
  collect();
}
