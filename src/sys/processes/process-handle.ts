// One process that is not our child, by its pidfd: a signal never reaches another process that has its number by now.
import { constants } from 'node:os';
import { native } from '../addon.js';
import { hasCode, unlessCode } from '../errno.js';
import { Fd } from '../fd.js';
import { type Watch, whenReadable } from '../readable.js';

export class ProcessHandle {
  readonly #fd: Fd;
  #watch: Watch | undefined;

  private constructor(readonly pid: number) {
    this.#fd = new Fd(native().pidfdOpen(pid), `process ${pid}`);
  }

  /** Undefined: it has ended. @throws SystemError EMFILE */
  static open(pid: number): ProcessHandle | undefined {
    return unlessCode(() => new ProcessHandle(pid), ['ESRCH', 'EINVAL'], undefined);
  }

  /** Does nothing to a process that has ended or is not ours to signal. */
  signal(name: NodeJS.Signals): void {
    unlessCode(() => native().pidfdSignal(this.#fd.number, constants.signals[name]), ['ESRCH', 'EPERM'], undefined);
  }

  /** Whether it still has its number, be it as a zombie. */
  hasItsNumber(): boolean {
    try {
      native().pidfdSignal(this.#fd.number, 0);
      return true;
    } catch (error) {
      if (hasCode(error, 'EPERM')) return true;
      if (hasCode(error, 'ESRCH')) return false;
      throw error;
    }
  }

  /** Calls `work` one time, when it has ended. */
  whenEnded(work: () => void): void {
    this.#watch = whenReadable(this.#fd.number, () => {
      this.#watch?.stop();
      work();
    });
  }

  /** Closing twice does nothing. */
  close(): void {
    this.#watch?.stop();
    this.#fd.close();
  }
}
