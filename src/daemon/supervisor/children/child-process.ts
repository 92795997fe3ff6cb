// One child as the supervisor has it: started from the same program, watched, killed when it hangs.
import type { ChildProcess } from 'node:child_process';
import { onceEnded } from '../../../sys/processes/child-end.js';
import { keepingEarlySignals } from '../../../sys/processes/early-signals.js';
import { ownChild } from '../../../sys/processes/orphans.js';
import { keepingCapabilities } from '../../../sys/processes/own-capabilities.js';
import { spawnChild } from '../../../sys/processes/spawn-child.js';
import { type FromChild, isMessage, type ToChild } from '../../process/messages.js';
import { isProcessKind, PROCESSES, type ProcessKind } from '../../processes.js';
import { Liveness } from './liveness.js';

/** The status of a child that could not be started (man 3 sysexits). */
const EX_OSERR = 71;

/** Which child a process of the program is; taken out of the environment before anything else is started. */
export const CHILD_VARIABLE = 'WEIR_CHILD';

/** Which child this process is, if any. Asked once. */
export function childKind(environment: NodeJS.ProcessEnv = process.env): ProcessKind | undefined {
  const kind = environment[CHILD_VARIABLE];
  delete environment[CHILD_VARIABLE];
  return isProcessKind(kind) ? kind : undefined;
}

export interface ChildEnd {
  readonly pid: number;
  /** Exit status, or the signal that ended it. */
  readonly status: number | NodeJS.Signals;
  readonly livedMs: number;
}

export interface ChildEvents {
  onMessage(message: FromChild): void;
  onEnd(end: ChildEnd): void;
}

/** How a child is started. */
export interface ChildCommand {
  /** The daemon's own words. */
  readonly argv: readonly string[];
  /** False in the background: the command that started the daemon waits until its terminal is closed here. */
  readonly console: boolean;
  /** It enters a network namespace. */
  readonly entersNamespace?: boolean;
}

function capabilitiesOf(kind: ProcessKind, entersNamespace: boolean): NodeJS.ProcessEnv {
  const { capabilities } = PROCESSES[kind];
  if (capabilities === undefined) return {};
  return keepingCapabilities(entersNamespace ? [...capabilities, 'CAP_SYS_ADMIN'] : capabilities);
}

/** How the same program is started again: its interpreter, its flags, its entry. */
function command(flags: readonly string[], argv: readonly string[]): readonly string[] {
  const entry = process.argv[1] ?? '';
  return [process.execPath, ...process.execArgv, ...flags, entry, 'keepalived', ...argv];
}

export class DaemonChild {
  readonly pid: number;
  readonly liveness: Liveness;
  readonly #process: ChildProcess;
  readonly #startedAt = performance.now();
  #gone = false;
  #events: ChildEvents | undefined;

  /** Starts it; its messages are handled from `listen` on. Where no process can be started, that is its end. */
  constructor(kind: ProcessKind, { argv, console, entersNamespace = false }: ChildCommand) {
    this.liveness = new Liveness(PROCESSES[kind].silentTicksMax);
    const [file = '', ...args] = command(PROCESSES[kind].nodeFlags, argv);
    // The service manager's variables are for the supervisor, not for scripts.
    const { NOTIFY_SOCKET: _socket, WATCHDOG_USEC: _us, WATCHDOG_PID: _pid, ...environment } = process.env;
    this.#process = spawnChild(file, args, {
      stdio: ['ignore', console ? 'inherit' : 'ignore', console ? 'inherit' : 'ignore', 'ipc'],
      serialization: 'advanced',
      env: { ...keepingEarlySignals(environment), ...capabilitiesOf(kind, entersNamespace), [CHILD_VARIABLE]: kind },
    });
    this.pid = this.#process.pid ?? -1;
    const disown = ownChild(this.pid);
    this.#process.on('message', (message: unknown) => {
      if (!isMessage(message)) return;
      this.liveness.onMessage(message.kind === 'ready' || message.kind === 'reloaded');
      this.#events?.onMessage(message as FromChild);
    });
    // No descriptors, memory or processes left: the respawn's delays bound the next attempts.
    onceEnded(this.#process, (_how, status = EX_OSERR) => {
      this.#gone = true;
      disown();
      this.#events?.onEnd({ pid: this.pid, status, livedMs: performance.now() - this.#startedAt });
    });
  }

  listen(events: ChildEvents): void {
    this.#events = events;
  }

  /** It ended, whether `onEnd` was called or not. */
  get gone(): boolean {
    return this.#gone;
  }

  /** What cannot be delivered is for a child that is ending: its end will be reported. */
  send(message: ToChild): void {
    if (this.#gone || !this.#process.connected) return;
    if (message.kind === 'start' || message.kind === 'reload' || message.kind === 'stop') this.liveness.expectWork();
    this.#process.send(message, () => {});
  }

  kill(): void {
    if (!this.#gone) this.#process.kill('SIGKILL');
  }
}
