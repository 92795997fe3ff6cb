// Memory of this process given back to the system after work that took much of it: V8 keeps what it once had until it wants to collect.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Less than this is not worth the pause, bytes. */
const MUCH = 128 << 20;

/** Collects everything that can be, where the heap is large: it takes tenths of a second then. */
export function giveMemoryBack(): void {
  if (process.memoryUsage().heapTotal < MUCH) return;
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect();
  collect();
}
