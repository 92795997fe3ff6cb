// The first process of a container inherits the processes whose parents have ended, and must reap them: zombies would fill its table of processes.
import { native } from '../addon.js';
import { isSystemError } from '../errno.js';

/** Children whose ends their owners wait for. */
const own = new Set<number>();
/** An own child that ended may be in front: its owner has reaped it by then. */
const AGAIN_MS = 1000;

/** Leaves a child to its starter, who reaps it in the turn of the event loop in which its end is reported. The returned function: it was. */
export function ownChild(pid: number): () => void {
  own.add(pid);
  return () => own.delete(pid);
}

/** Reaps all others that end, for the life of this process. */
export function reapOrphans(): void {
  const reap = (): void => {
    try {
      native().reapOrphans(new Uint8Array(Int32Array.from(own).buffer));
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  };
  process.on('SIGCHLD', reap);
  setInterval(reap, AGAIN_MS).unref();
  reap();
}
