// vrrp_track_process: how many processes match, by the kernel's process events, or by reading /proc where those are refused.
import { readFileSync } from 'node:fs';
import { hasQuorum } from '../../../control/vrrp/track/health.js';
import type { BufferSize } from '../../../model/keepalived/global.js';
import type { TrackProcess } from '../../../model/keepalived/trackers.js';
import type { Log } from '../../../model/log-level.js';
import { isSystemError, unlessCode } from '../../../sys/errno.js';
import { ProcessMonitor } from '../../../sys/processes/process-events.js';
import { processIds } from '../../../sys/processes/process-tree.js';

const SCAN_MS = 1000;
/** TASK_COMM_LEN less its NUL. */
const NAME_MAX = 15;
const GONE = ['ENOENT', 'ESRCH', 'EACCES'];

export interface ProcessFacts {
  readonly name: string;
  readonly words: readonly string[];
}

function readProcess(pid: number): ProcessFacts | undefined {
  return unlessCode(
    () => ({
      name: readFileSync(`/proc/${pid}/comm`, 'utf8').replace(/\n$/, ''),
      words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1),
    }),
    GONE,
    undefined,
  );
}

/**
 * Is it a tracked process? Its name decides (with full_command: the first word of its command line), then its parameters where those are given.
 */
export function matches({ argv, fullCommand, parameterMatch }: TrackProcess, { name, words }: ProcessFacts): boolean {
  const [command = '', ...wanted] = argv;
  if (fullCommand ? words[0] !== command : name !== command.slice(0, NAME_MAX)) return false;
  const given = words.slice(1);
  const initial = wanted.every((word, index) => given[index] === word);
  switch (parameterMatch) {
    case 'none':
      return true;
    case 'exact':
      return initial && given.length === wanted.length;
    case 'initial':
      return initial;
    case 'partial':
      return wanted.every((word, index) => (index === wanted.length - 1 ? given[index]?.startsWith(word) : given[index] === word));
  }
}

interface Watched {
  readonly settings: TrackProcess;
  readonly pids: Set<number>;
  reported: number | undefined;
  /** Runs while a quorum that was gained or lost does not count yet. */
  timer: NodeJS.Timeout | undefined;
}

export class TrackProcesses {
  #watched: readonly Watched[] = [];
  #monitor: ProcessMonitor | undefined;
  #scanning: NodeJS.Timeout | undefined;
  #refused = false;
  #buffer: BufferSize | undefined;

  constructor(
    readonly report: (name: string, running: number) => void,
    readonly log: Log,
  ) {}

  /** `buffer`: process_monitor_rcv_bufs. */
  configure(processes: readonly TrackProcess[], buffer?: BufferSize): void {
    this.#buffer = buffer;
    const before = new Map(this.#watched.map((one) => [JSON.stringify(one.settings), one]));
    this.#watched = processes.map(
      (settings) => before.get(JSON.stringify(settings)) ?? { settings, pids: new Set(), reported: undefined, timer: undefined },
    );
    for (const one of before.values()) {
      if (!this.#watched.includes(one)) clearTimeout(one.timer);
    }
    if (this.#watched.length === 0) {
      this.close();
      return;
    }
    this.#listen();
    this.#scan();
  }

  /** The trackers whose quorum was gained or lost by more processes (`fork`) or by fewer, too short a time ago to count yet. */
  waiting(): ReadonlyMap<string, 'fork' | 'terminate'> {
    const late = this.#watched.filter(({ timer }) => timer !== undefined);
    return new Map(late.map(({ settings, pids, reported: before = 0 }) => [settings.name, pids.size > before ? 'fork' : 'terminate']));
  }

  #listen(): void {
    if (this.#monitor !== undefined || this.#refused) return;
    try {
      this.#monitor = new ProcessMonitor({
        started: (pid) => this.#examine(pid),
        ended: (pid) => this.#forget(pid),
        overrun: () => this.#scan(),
      });
      if (this.#buffer !== undefined) this.#monitor.receiveBuffer(this.#buffer.bytes, this.#buffer.force);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#refused = true;
      this.log('info', `process events are refused here (${error.code}): looking at all processes once a second instead`);
    }
    this.#scanning ??= this.#refused ? setInterval(() => this.#scan(), SCAN_MS) : undefined;
  }

  #scan(): void {
    for (const { pids: known } of this.#watched) known.clear();
    for (const pid of processIds()) {
      const facts = readProcess(pid);
      if (facts !== undefined) {
        this.#watched.filter(({ settings }) => matches(settings, facts)).forEach((one) => one.pids.add(pid));
      }
    }
    this.#watched.forEach((one) => this.#report(one));
  }

  #examine(pid: number): void {
    const facts = readProcess(pid);
    for (const one of this.#watched) {
      one.pids[facts !== undefined && matches(one.settings, facts) ? 'add' : 'delete'](pid);
      this.#report(one);
    }
  }

  #forget(pid: number): void {
    for (const one of this.#watched) {
      if (one.pids.delete(pid)) this.#report(one);
    }
  }

  /** A quorum that is gained or lost counts once it has lasted for fork_delay or terminate_delay, whatever other processes do meanwhile. */
  #report(one: Watched): void {
    const { settings, pids, reported: before } = one;
    const hasCrossed = before !== undefined && hasQuorum(settings, pids.size) !== hasQuorum(settings, before);
    const delayUs = !hasCrossed ? 0 : pids.size > before ? settings.forkDelayUs : settings.terminateDelayUs;
    if (delayUs > 0) one.timer ??= setTimeout(() => this.#reportNow(one), Math.ceil(delayUs / 1000));
    else this.#reportNow(one);
  }

  #reportNow(one: Watched): void {
    clearTimeout(one.timer);
    one.timer = undefined;
    if (one.reported === one.pids.size) return;
    one.reported = one.pids.size;
    this.report(one.settings.name, one.pids.size);
  }

  close(): void {
    this.#watched.forEach(({ timer }) => clearTimeout(timer));
    clearInterval(this.#scanning);
    this.#scanning = undefined;
    this.#monitor?.close();
    this.#monitor = undefined;
  }
}
