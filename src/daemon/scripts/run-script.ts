// Runs one resolved script to its end: TERM when its time is over, KILL when that did not help, given up after that.
import type { ScriptOutcome } from '../../control/vrrp/messages.js';
import { native } from '../../sys/addon.js';
import { hasCode, isSystemError } from '../../sys/errno.js';
import { Fd } from '../../sys/fd.js';
import { signalProcess } from '../../sys/processes/child.js';
import { ownChild } from '../../sys/processes/orphans.js';
import { type Watch, whenReadable } from '../../sys/readable.js';
import type { ResolvedScript } from './resolve-script.js';

export interface RunOptions {
  /** Appended to the script's own words. */
  readonly arguments?: readonly string[];
  /** Absent: it may take as long as it likes. */
  readonly timeoutMs?: number;
  /** TERM and KILL, as they are sent. */
  readonly onSignal?: (signal: 'SIGTERM' | 'SIGKILL') => void;
}

export interface RunningScript {
  readonly pid: number;
  /** Resolves once; never rejects. */
  readonly ended: Promise<ScriptOutcome>;
  /** Signals its whole process group. */
  signal(signal: NodeJS.Signals): void;
  /** Stops waiting: it goes on without us. */
  abandon(): void;
}

/** keepalived's: from TERM to KILL, and from KILL to giving up. */
const GRACE_MS = 2000;
const SIGNALLED = 256;
const SHELL = '/bin/sh';

const ended = (words: readonly string[]): Uint8Array => new TextEncoder().encode(words.map((word) => `${word}\0`).join(''));

function environment(): Uint8Array {
  return ended(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined || name === 'WEIR_CHILD' ? [] : [`${name}=${value}`])),
  );
}

/** `'…'` for the shell. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

function command(
  script: Exclude<ResolvedScript, { kind: 'disabled' }>,
  extra: readonly string[],
): { path: string; argv: readonly string[] } {
  if (script.kind === 'program') return { path: script.path, argv: [...script.argv, ...extra] };
  return { path: SHELL, argv: ['sh', '-c', [script.text, ...extra.map(quoted)].join(' ')] };
}

/** The script, started; or why it could not be. */
export function runScript(script: ResolvedScript, options: RunOptions = {}): RunningScript | string {
  if (script.kind === 'disabled') return 'it is disabled';
  const { path, argv } = command(script, options.arguments ?? []);
  const { uid, gid, groups } = script.identity;
  const own = uid === process.getuid?.() && gid === process.getgid?.() && groups === undefined;
  const list = groups === undefined ? undefined : new Uint8Array(Uint32Array.from(groups).buffer);
  try {
    const { pid, pidfd } = native().spawn(path, ended(argv), environment(), own ? -1 : uid, own ? -1 : gid, list);
    return new Run(pid, new Fd(pidfd, `script ${path}`), options);
  } catch (error) {
    if (isSystemError(error)) return error.message;
    throw error;
  }
}

class Run implements RunningScript {
  readonly ended: Promise<ScriptOutcome>;
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #disown: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  #done: (outcome: ScriptOutcome) => void = () => {};
  #late = false;

  constructor(
    readonly pid: number,
    fd: Fd,
    readonly options: RunOptions,
  ) {
    this.#fd = fd;
    this.ended = new Promise((done) => {
      this.#done = done;
    });
    this.#disown = ownChild(pid);
    this.#watch = whenReadable(fd.number, () => this.#reap());
    if (options.timeoutMs !== undefined) {
      this.#after(options.timeoutMs, () => {
        this.#late = true;
        this.#end('SIGTERM');
        this.#after(GRACE_MS, () => {
          this.#end('SIGKILL');
          this.#after(GRACE_MS, () => this.abandon());
        });
      });
    }
  }

  #after(ms: number, work: () => void): void {
    this.#timers.push(setTimeout(work, ms));
  }

  #end(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.signal(signal);
    this.options.onSignal?.(signal);
  }

  #reap(): void {
    const status = native().reap(this.#fd.number);
    if (status >= 0) {
      this.#disown();
      this.#finish(status >= SIGNALLED ? { kind: 'signalled', signal: status - SIGNALLED } : { kind: 'exited', status });
    }
  }

  #finish(outcome: ScriptOutcome): void {
    this.#timers.forEach(clearTimeout);
    this.#watch.stop();
    this.#fd.close();
    this.#done(this.#late ? { kind: 'timedOut' } : outcome);
  }

  signal(signal: NodeJS.Signals): void {
    // The pid is ours until it is reaped, which only #reap does.
    if (this.#fd.isOpen) {
      try {
        signalProcess(-this.pid, signal);
      } catch (error) {
        if (!hasCode(error, 'EPERM')) throw error;
      }
    }
  }

  abandon(): void {
    this.#timers.forEach(clearTimeout);
    this.#done({ kind: 'timedOut' }); // it is reaped all the same, should it ever end
  }
}
