// vrrp_priority, checker_rt_priority, bfd_cpu_affinity and the like: how the kernel schedules one process of the daemon, what the process needs
// where nothing is configured, and the priority that rises when its timers are late.
import type { GlobalSettings, ProcessSettings } from '../../model/keepalived/global.js';
import type { Log } from '../../model/log-level.js';
import { limitRealTime, lockMemory, makeRealTime, runOnCpus, setNice } from '../../sys/processes/scheduling.js';

const PRIORITY_MAX = 99;

/** What its work needs where nothing is configured. */
export interface Needs {
  readonly rtPriority?: number;
  readonly lockedMemory?: boolean;
}

export class CpuScheduling {
  #priority = 0;
  #locked = false;
  readonly #refused = new Set<string>();

  constructor(
    readonly role: 'vrrp' | 'checker' | 'bfd',
    readonly log: Log,
  ) {}

  /** What is refused is logged once, and the process goes on. */
  configure({ priority, rtPriority, rlimitRttimeUs, noSwap, cpus }: ProcessSettings, needs: Needs = {}): void {
    const { role } = this;
    const wanted = rtPriority ?? needs.rtPriority ?? 0;
    if (priority !== undefined) this.#attempt(`${role}_priority ${priority}`, () => setNice(priority));
    if (cpus.length > 0) this.#attempt(`${role}_cpu_affinity ${cpus.join(' ')}`, () => runOnCpus(cpus));
    if ((noSwap || needs.lockedMemory === true) && !this.#locked)
      this.#locked = this.#attempt(noSwap ? `${role}_no_swap` : 'locked memory', lockMemory);
    if (wanted === 0) return;
    this.#raise(wanted, rtPriority === undefined ? 'real-time priority' : `${role}_rt_priority`, '');
    if (rlimitRttimeUs !== undefined) this.#attempt(`${role}_rlimit_rttime ${rlimitRttimeUs}`, () => limitRealTime(rlimitRttimeUs));
  }

  /** max_auto_priority: a wake-up came this late. */
  late(us: number, { maxAutoPriority, minAutoPriorityDelayUs }: GlobalSettings): void {
    const most = maxAutoPriority < 0 ? PRIORITY_MAX : maxAutoPriority;
    if (us < minAutoPriorityDelayUs || this.#priority >= most) return;
    this.#raise(this.#priority + 1, 'real-time priority', `a timer was ${Math.round(us / 1000)} ms late: `);
  }

  #raise(priority: number, what: string, why: string): void {
    if (priority === this.#priority || !this.#attempt(`${what} ${priority}`, () => makeRealTime(priority))) return;
    this.#priority = priority;
    this.log('info', `${this.role}: ${why}${what} ${priority}`);
  }

  #attempt(what: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!this.#refused.has(what)) this.log('warning', `${this.role}: ${what} was refused: ${(error as Error).message}`);
      this.#refused.add(what);
      return false;
    }
  }
}
