// Keeps the synchronisation daemons running that a process of the daemon wants (lvs_sync_daemon). A step may take seconds: it is done by a command beside the
// process, one after the other, and what is wanted meanwhile counts when it has ended.
import { setTimeout as pause } from 'node:timers/promises';
import { type DaemonStep, daemonSteps } from '../../control/sync/daemon-steps.js';
import type { Log } from '../../model/log-level.js';
import { DAEMON_ROLES, type DaemonRole, type DaemonSpec } from '../../model/sync-daemon.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';

/** Does a step; undefined: it is done, else why it is not. */
export type RunStep = (step: DaemonStep) => Promise<string | undefined>;

/** The interface may not be there yet, or the table be in use. */
const RETRY_MS = 5000;
/** The supervisor kills a process that takes five seconds to end. */
const END_MS = 3500;
const END_PAUSE_MS = 20;

export interface KeeperOptions {
  readonly run: RunStep;
  /** A daemon runs that another keeper may have started, or has died. @throws SystemError */
  readonly isLeft: (role: DaemonRole) => boolean;
  /** A daemon that was started has ended by itself. @throws SystemError */
  readonly hasDied: (role: DaemonRole) => boolean;
  /** Asks a daemon to end, waiting for nothing; false: it has ended. @throws SystemError */
  readonly end: (role: DaemonRole) => boolean;
  readonly log: Log;
  /** How long after what failed it is tried again, and how often daemons are looked for. */
  readonly retryMs?: number;
}

export class DaemonKeeper {
  #wanted: readonly DaemonSpec[] = [];
  #started: readonly DaemonSpec[] = [];
  /** Daemons that a keeper that was killed has left, perhaps of another configuration, or that did not start. */
  #ending: readonly DaemonRole[] = [];
  #isFirst = true;
  #isWorking = false;
  #isClosed = false;
  #working = Promise.resolve();
  /** What failed is tried again, and what died is started again. Runs only while there is such a thing to do or to look for. */
  #again: NodeJS.Timeout | undefined;
  /** What was logged last, by role. */
  readonly #failures = new Map<DaemonRole, string>();

  constructor(readonly options: KeeperOptions) {}

  /** Waits for nothing. `configured`: what may be wanted of it later, too; where that is none, daemons are another's affair. */
  want(wanted: readonly DaemonSpec[], configured = wanted): void {
    this.#wanted = wanted;
    if (this.#isFirst && configured.length > 0) {
      this.#isFirst = false;
      this.#ending = DAEMON_ROLES.filter((role) => this.#mayBeLeft(role));
    }
    this.#go();
  }

  /** Ends what it has started, and without commands, which take long on a busy machine. Resolves when that is done, or takes too long. */
  async close(limitMs = END_MS): Promise<void> {
    const end = performance.now() + limitMs;
    this.#isClosed = true;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((done) => {
      timer = setTimeout(done, limitMs);
    });
    await Promise.race([this.#working, limit]);
    clearTimeout(timer);
    clearTimeout(this.#again);
    let running: readonly DaemonRole[] = [...this.#ending, ...this.#started.map(({ role }) => role)];
    for (;;) {
      running = running.filter((role) => this.#unlessFailed(role, this.options.end));
      if (running.length === 0 || performance.now() >= end) break;
      await pause(END_PAUSE_MS);
    }
    for (const role of running) this.options.log('warning', `synchronisation: ${role} was asked to end, and still runs`);
  }

  /** True where that cannot be found out: then the command that ends it may. */
  #mayBeLeft(role: DaemonRole): boolean {
    try {
      return this.options.isLeft(role);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return true;
    }
  }

  /** False where that cannot be found out: nothing of this may end the process, which also has the virtual addresses. */
  #unlessFailed(role: DaemonRole, ask: (role: DaemonRole) => boolean): boolean {
    try {
      return ask(role);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#failed(role, `not looked for: ${reasonOf(error)}`);
      return false;
    }
  }

  /** Logs it once. */
  #failed(role: DaemonRole, what: string): void {
    if (this.#failures.get(role) !== what) this.options.log('error', `synchronisation: ${role} ${what}`);
    this.#failures.set(role, what);
  }

  #forgetDead(): void {
    const died = this.#started.filter(({ role }) => this.#unlessFailed(role, this.options.hasDied));
    for (const { role } of died) this.options.log('warning', `synchronisation: ${role} has ended, and is started again`);
    this.#started = this.#started.filter((spec) => !died.includes(spec));
  }

  #go(): void {
    clearTimeout(this.#again);
    if (this.#isWorking || this.#isClosed) return;
    this.#isWorking = true;
    this.#working = this.#work();
  }

  async #work(): Promise<void> {
    for (let step = this.#next(); step !== undefined; step = this.#next()) {
      const failure = await this.options.run(step);
      if (!this.#done(step, failure)) break;
    }
    this.#isWorking = false;
    if (this.#isClosed || (this.#started.length === 0 && this.#next() === undefined)) return;
    this.#again = setTimeout(() => {
      this.#forgetDead();
      this.#go();
    }, this.options.retryMs ?? RETRY_MS).unref();
  }

  #next(): DaemonStep | undefined {
    if (this.#isClosed) return undefined;
    const [role] = this.#ending;
    return role === undefined ? daemonSteps(this.#started, this.#wanted)[0] : { kind: 'stop', role };
  }

  /** False: it is tried again later. */
  #done(step: DaemonStep, failure: string | undefined): boolean {
    if (step.kind === 'stop') {
      const { role } = step;
      const isLeft = this.#ending.includes(role);
      this.#ending = this.#ending.filter((one) => one !== role);
      this.#started = this.#started.filter((one) => one.role !== role);
      if (failure === undefined || isLeft) return true;
      this.options.log('warning', `synchronisation: ${role} not stopped: ${failure}`);
      return true;
    }
    const { spec } = step;
    if (failure === undefined) {
      this.#failures.delete(spec.role);
      this.#started = [...this.#started, spec];
      this.options.log('info', `synchronisation: ${spec.role} started`);
      return true;
    }
    this.#failed(spec.role, `not started: ${failure}`);
    this.#ending = [spec.role];
    return false;
  }
}
