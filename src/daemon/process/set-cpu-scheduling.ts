// checker_priority, bfd_priority and their like: how the kernel schedules a process that has no schedule of its own making.
import type { ProcessSettings } from '../../model/keepalived/global.js';
import type { Log } from '../../model/log-level.js';
import { limitRealTime, lockMemory, makeRealTime, runOnCpus, setNice } from '../../sys/processes/scheduling.js';

/** What is refused is logged, and the process goes on. */
export function setCpuScheduling(role: 'checker' | 'bfd', settings: ProcessSettings, log: Log): void {
  const { priority, rtPriority, rlimitRttimeUs, noSwap, cpus } = settings;
  const attempt = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      log('warning', `${role}_${what} was refused: ${(error as Error).message}`);
    }
  };
  if (priority !== undefined) attempt('priority', () => setNice(priority));
  if (cpus.length > 0) attempt('cpu_affinity', () => runOnCpus(cpus));
  if (noSwap) attempt('no_swap', lockMemory);
  if (rtPriority === undefined) return;
  attempt('rt_priority', () => makeRealTime(rtPriority));
  if (rlimitRttimeUs !== undefined) attempt('rlimit_rttime', () => limitRealTime(rlimitRttimeUs));
}
