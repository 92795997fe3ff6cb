// vrrp_priority, vrrp_rt_priority and the like, fast mode's needs, and the priority that rises when timers are late.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import { limitRealTime, lockMemory, makeRealTime, runOnCpus, setNice } from '../../sys/processes/scheduling.js';

/** Fast mode's, where none is configured: above every ordinary process, below the kernel's own threads. */
const FAST_PRIORITY = 10;
const PRIORITY_MAX = 99;

export class CpuScheduling {
  #priority = 0;
  #locked = false;
  readonly #refused = new Set<string>();

  constructor(readonly log: Log) {}

  /** What is refused is logged once. */
  configure({ global, instances }: KeepalivedConfiguration): void {
    const { priority, rtPriority, rlimitRttimeUs, noSwap, cpus } = global.processes.vrrp;
    const fast = instances.some((instance) => instance.fast !== undefined);
    const wanted = rtPriority ?? (fast ? FAST_PRIORITY : 0);
    if (priority !== undefined) this.#try(`vrrp_priority ${priority}`, () => setNice(priority));
    if (cpus.length > 0) this.#try(`vrrp_cpu_affinity ${cpus.join(' ')}`, () => runOnCpus(cpus));
    if ((noSwap || fast) && !this.#locked) this.#locked = this.#try('locked memory', lockMemory);
    if (wanted > 0) {
      this.#raise(wanted, 'real-time priority');
      if (rlimitRttimeUs !== undefined) this.#try(`vrrp_rlimit_rttime ${rlimitRttimeUs}`, () => limitRealTime(rlimitRttimeUs));
    }
  }

  /** max_auto_priority: a wake-up came this late. */
  late(us: number, { maxAutoPriority, minAutoPriorityDelayUs }: KeepalivedConfiguration['global']): void {
    const most = maxAutoPriority < 0 ? PRIORITY_MAX : maxAutoPriority;
    if (us >= minAutoPriorityDelayUs && this.#priority < most) {
      this.#raise(this.#priority + 1, `a timer was ${Math.round(us / 1000)} ms late: real-time priority`);
    }
  }

  #raise(priority: number, why: string): void {
    if (priority !== this.#priority && this.#try(`real-time priority ${priority}`, () => makeRealTime(priority))) {
      this.#priority = priority;
      this.log('info', `VRRP: ${why} ${priority}`);
    }
  }

  #try(what: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!this.#refused.has(what)) {
        this.#refused.add(what);
        this.log('warning', `VRRP: ${what} was refused: ${(error as Error).message}`);
      }
      return false;
    }
  }
}
