// Runs one resolved script to its end: TERM when its time is over, KILL when that did not help, given up after that.

import type { ScriptOutcome } from '../../control/vrrp/messages.js';
import { shellQuoted } from '../../model/shell-word.js';
import { native } from '../../sys/addon.js';
import { AnswerTimeout } from '../../sys/answer-timeout.js';
import { isSystemError } from '../../sys/errno.js';
import { Fd, using } from '../../sys/fd.js';
import { ownChild } from '../../sys/processes/orphans.js';
import { type Watch, whenReadable } from '../../sys/readable.js';
import type { ResolvedScript } from './resolve-script.js';
import { ScriptFamily } from './script-family.js';

export interface RunOptions {
  /** Appended to the script's own words. */
  readonly arguments?: readonly string[];
  /** Absent: it may take as long as it likes. */
  readonly timeoutMs?: number;
  /** With the script end the processes below it that have left its process group, too. Absent: as keepalived, the group alone. */
  readonly wholeFamily?: boolean;
  /** TERM and KILL, as they are sent. */
  readonly onSignal?: (signal: 'SIGTERM' | 'SIGKILL') => void;
}

export interface RunningScript {
  readonly pid: number;
  /** Resolves once; never rejects. */
  readonly ended: Promise<ScriptOutcome>;
  /** No process of it is left. One that waits in the kernel may outlast `ended`. */
  readonly isGone: boolean;
  /** Signals its whole process group. */
  signal(signal: NodeJS.Signals): void;
  /** TERM now, KILL after the grace, to all that end with it. Nothing happens where it has ended. */
  end(): void;
}

/** keepalived's times from TERM to KILL, and from KILL to giving up. */
const GRACE_MS = 2000;
/** What a daemon that stops leaves its scripts from TERM to KILL, and from KILL to giving up. */
const STOP_GRACE_MS = 1000;
/** A debugger's process is not ours to reap until the debugger has let it go. */
const TRACED_MS = 100;
const SIGNALLED = 256;
const SHELL = '/bin/sh';

const ended = (words: readonly string[]): Uint8Array => new TextEncoder().encode(words.map((word) => `${word}\0`).join(''));

function environment(): Uint8Array {
  return ended(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined || name === 'WEIR_CHILD' ? [] : [`${name}=${value}`])),
  );
}

function command(
  script: Exclude<ResolvedScript, { kind: 'disabled' }>,
  extra: readonly string[],
): { path: string; argv: readonly string[] } {
  if (script.kind === 'program') return { path: script.path, argv: [...script.argv, ...extra] };
  return { path: SHELL, argv: ['sh', '-c', [script.text, ...extra.map(shellQuoted)].join(' ')] };
}

/** The script, started; or why it could not be. */
export function runScript(script: ResolvedScript, options: RunOptions = {}): RunningScript | string {
  if (script.kind === 'disabled') return 'it is disabled';
  const { path, argv } = command(script, options.arguments ?? []);
  const { uid, gid, groups } = script.identity;
  const own = uid === process.getuid?.() && gid === process.getgid?.() && groups === undefined;
  const list = groups === undefined ? undefined : new Uint8Array(Uint32Array.from(groups).buffer);
  try {
    const watched = new Fd(native().open('/dev/null', 0), 'room for the watch of a script');
    return using(watched, () => {
      const { pid, pidfd } = native().spawn(path, ended(argv), environment(), own ? -1 : uid, own ? -1 : gid, list);
      // To wait for its end takes a descriptor: without it the script would run on unseen.
      watched.close();
      return new Run(pid, new Fd(pidfd, `script ${path}`), options);
    });
  } catch (error) {
    if (isSystemError(error)) return error.message;
    throw error;
  }
}

/** Runs that were asked to end and have not, or whose processes have not. */
const ending = new Set<Run>();

/** Waits for scripts that were asked to end: KILL comes earlier, and what even that does not end is left. */
export async function scriptsEnded(): Promise<void> {
  await Promise.all([...ending].map((run) => run.hurry()));
}

class Run implements RunningScript {
  readonly ended: Promise<ScriptOutcome>;
  readonly #fd: Fd;
  readonly #watch: Watch;
  readonly #disown: () => void;
  readonly #family: ScriptFamily;
  #timer: AnswerTimeout | undefined;
  #done: (outcome: ScriptOutcome) => void = () => {};
  #over: () => void = () => {};
  readonly #isOver: Promise<void>;
  #stage: 'running' | 'terminated' | 'killed' = 'running';
  #leaderEnded = false;

  constructor(
    readonly pid: number,
    fd: Fd,
    readonly options: RunOptions,
  ) {
    this.#fd = fd;
    this.ended = new Promise((done) => {
      this.#done = done;
    });
    this.#isOver = new Promise((over) => {
      this.#over = over;
    });
    this.#family = new ScriptFamily(pid, options.wholeFamily === true, () => this.#settle());
    this.#disown = ownChild(pid);
    this.#watch = whenReadable(fd.number, () => this.#onLeaderEnd());
    if (options.timeoutMs !== undefined) this.#after(options.timeoutMs, () => this.end());
  }

  #after(ms: number, work: () => void): void {
    this.#timer?.cancel();
    this.#timer = new AnswerTimeout(ms, work);
  }

  get isGone(): boolean {
    return !this.#fd.isOpen;
  }

  end(): void {
    if (this.#stage !== 'running' || !this.#fd.isOpen) return;
    this.#stage = 'terminated';
    ending.add(this);
    this.#family.terminate();
    this.options.onSignal?.('SIGTERM');
    this.#after(GRACE_MS, () => this.#kill());
  }

  #kill(): void {
    this.#stage = 'killed';
    this.#family.kill();
    this.options.onSignal?.('SIGKILL');
    this.#after(GRACE_MS, () => this.#giveUp());
    this.#settle();
  }

  /** The daemon stops. Resolves when it is over. */
  hurry(): Promise<void> {
    if (this.#stage === 'terminated') this.#after(STOP_GRACE_MS, () => this.#kill());
    return this.#isOver;
  }

  /** It is reaped all the same, should it ever end. */
  #giveUp(): void {
    ending.delete(this);
    this.#family.close();
    this.#done({ kind: 'timedOut' });
    this.#over();
    this.#settle();
  }

  #onLeaderEnd(): void {
    this.#watch.stop();
    this.#leaderEnded = true;
    if (this.#stage !== 'running') this.#done({ kind: 'timedOut' });
    this.#settle();
  }

  /** A script that ends by itself leaves behind what it started. One that was asked to is reaped when its processes have ended, too. */
  #settle(): void {
    const alone = this.#stage === 'running' || this.#family.isEmpty;
    if (!this.#leaderEnded || !alone || !this.#fd.isOpen) return;
    // Members of its group whose parents ended early are not known: the number is still the group's.
    if (this.#stage !== 'running') this.#family.signalGroup('SIGKILL');
    const status = native().reap(this.#fd.number);
    if (status < 0) {
      this.#after(TRACED_MS, () => this.#settle());
      return;
    }
    this.#timer?.cancel();
    this.#disown();
    this.#fd.close();
    ending.delete(this);
    this.#done(status >= SIGNALLED ? { kind: 'signalled', signal: status - SIGNALLED } : { kind: 'exited', status });
    this.#over();
  }

  signal(signal: NodeJS.Signals): void {
    // The number is its own until it is reaped.
    if (this.#fd.isOpen) this.#family.signalGroup(signal);
  }
}
