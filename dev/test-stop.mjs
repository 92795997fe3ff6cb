// A run of the tests that a signal stops: its files end before it does, so that they can take down the namespaces and processes that they made.
// Without it node's runner leaves them behind as they are: they go on, without a reader of what they print.

import { setMaxListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

const SIGNALS = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
];
const [LOOK_MS, PATIENCE_MS] = [50, 60_000];

/** Of a process that ended meanwhile: none. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return undefined;
    throw error;
  }
}

const hasChildren = () => readdirSync('/proc').some((name) => /^\d+$/.test(name) && parentOf(name) === process.pid);

/** For node's runner: aborted by the first signal, upon which it sends SIGTERM to its files; this process leaves when they have ended. */
export function stoppable() {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // one for each file
  const leave = (status) => {
    if (stop.signal.aborted) return;
    const end = performance.now() + PATIENCE_MS;
    stop.abort();
    setInterval(() => {
      if (!hasChildren() || performance.now() > end) process.exit(status);
    }, LOOK_MS);
  };
  for (const [signal, number] of SIGNALS) process.on(signal, () => leave(128 + number));
  return stop.signal;
}
