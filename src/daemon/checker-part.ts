// The checker child's part: virtual servers in weir's table of its namespace.
import { openDirector } from '../datapath/ebpf/open.js';
import type { ProcessSettings } from '../model/keepalived/global.js';
import { limitRealTime, lockMemory, makeRealTime, runOnCpus, setNice } from '../sys/scheduling.js';
import { runChecker } from './checker/checker-process.js';
import type { StartPart } from './child-main.js';
import type { Log } from './log.js';

/** What weir's own commands run with: its folders are not the daemon's secrets. */
const UMASK = 0o022;

/** checker_priority and its like; what is refused is said, and the servers are kept all the same. */
function schedule({ priority, rtPriority, rlimitRttimeUs, noSwap, cpus }: ProcessSettings, log: Log): void {
  const attempt = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      log('warning', `${what} was refused: ${(error as Error).message}`);
    }
  };
  if (priority !== undefined) attempt('checker_priority', () => setNice(priority));
  if (cpus.length > 0) attempt('checker_cpu_affinity', () => runOnCpus(cpus));
  if (noSwap) attempt('checker_no_swap', lockMemory);
  if (rtPriority === undefined) return;
  attempt('checker_rt_priority', () => makeRealTime(rtPriority));
  if (rlimitRttimeUs !== undefined) attempt('checker_rlimit_rttime', () => limitRealTime(rlimitRttimeUs));
}

export const startChecker: StartPart = (configuration, options, log) => {
  process.umask(UMASK);
  schedule(configuration.global.processes.checker, log);
  return runChecker({ configuration, log, keepServers: options.keepServers, open: () => openDirector() });
};
