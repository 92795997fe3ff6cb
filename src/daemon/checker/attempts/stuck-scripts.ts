// Scripts of MISC_CHECK that even KILL does not end: they wait in the kernel, mostly for a file system. Until such a script has ended its
// check is out of time without another run: they would pile up, with their descriptors, until no check could be made.
import type { RunningScript } from '../../scripts/run-script.js';

export class StuckScripts {
  readonly #stuck = new Map<string, RunningScript>();

  /** What `run` starts; or the last run of the same name, whose time is over, if it is still there. */
  start(name: string, run: () => RunningScript | string): RunningScript | string {
    const last = this.#stuck.get(name);
    if (last?.isGone === false) return last;
    this.#stuck.delete(name);
    const running = run();
    if (typeof running !== 'string') void running.ended.then(() => running.isGone || this.#stuck.set(name, running));
    return running;
  }
}
