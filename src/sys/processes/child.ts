// Child processes: run one to its end with its output, or start one that keeps running. Each has a process group of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { spawnChild } from './spawn-child.js';

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Text for its standard input; absent: empty. */
  readonly input?: string;
  /** After this many milliseconds the whole group gets SIGKILL. */
  readonly timeoutMs?: number;
  /** On abort the whole group gets SIGTERM, and SIGKILL a second later. */
  readonly abort?: AbortSignal;
  /** Bytes kept of each output stream; the rest is dropped (`cut`). Default 4 MiB. */
  readonly keepBytes?: number;
}

export interface ChildResult {
  /** Exit status; 128 + the signal's number where a signal ended it; 127 where it could not be started. */
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** Whether output was dropped. */
  readonly cut: boolean;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Signals a process or, for a negative number, a group; false when it has ended. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Collects a stream up to a number of bytes and drops the rest. */
class CappedBuffer {
  readonly #chunks: Buffer[] = [];
  #free: number;
  cut = false;
  constructor(bytesMax: number) {
    this.#free = bytesMax;
  }
  add(chunk: Buffer): void {
    this.cut ||= chunk.length > this.#free;
    this.#chunks.push(chunk.subarray(0, this.#free));
    this.#free -= Math.min(this.#free, chunk.length);
  }
  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

const exitStatus = (code: number | null, signal: NodeJS.Signals | null): number => code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);

/** A process left behind may hold the pipes open for ever: they are closed this long after the exit. */
const DRAIN_MS = 1000;

/** Runs a command to its end. Never rejects: a command that cannot be started has exit status 127 and the reason in stderr. */
export function runChild(argv: readonly string[], options: ChildOptions = {}): Promise<ChildResult> {
  const [file = '', ...args] = argv;
  const out = new CappedBuffer(options.keepBytes ?? 4 << 20);
  const err = new CappedBuffer(options.keepBytes ?? 4 << 20);
  return new Promise((done) => {
    const child = spawnChild(file, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let timedOut = false;
    const timers: NodeJS.Timeout[] = [];
    const later = (ms: number, work: () => void): void => {
      timers.push(setTimeout(work, ms));
    };
    const group = (signal: NodeJS.Signals): void => {
      if (child.pid !== undefined) signalProcess(-child.pid, signal);
    };
    const stop = (): void => {
      group('SIGTERM');
      later(1000, () => group('SIGKILL'));
    };
    const finish = (exit: number, why = ''): void => {
      timers.forEach(clearTimeout);
      options.abort?.removeEventListener('abort', stop);
      done({ exit, stdout: out.text(), stderr: err.text() + why, timedOut, cut: out.cut || err.cut });
    };
    child.stdout?.on('data', (chunk: Buffer) => out.add(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.add(chunk));
    child.stdin?.on('error', () => {}); // EPIPE: the command ended without reading its input
    child.stdin?.end(options.input ?? '');
    child.on('error', (error) => finish(127, `${error.message}\n`));
    child.on('exit', () =>
      later(DRAIN_MS, () => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }),
    );
    child.on('close', (code, signal) => finish(exitStatus(code, signal)));
    if (options.timeoutMs !== undefined) {
      later(options.timeoutMs, () => {
        timedOut = true;
        group('SIGKILL');
      });
    }
    if (options.abort?.aborted === true) stop();
    options.abort?.addEventListener('abort', stop, { once: true });
  });
}

/** A process that runs until it is stopped; otherwise it outlives us. */
export interface Service {
  readonly pid: number;
  /** Resolves with the exit status when the process has ended. */
  readonly ended: Promise<number>;
  running(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Its error output so far. */
  stderr(): string;
  /** SIGTERM (or `signal`), SIGKILL to the group after `graceMs`; resolves with the exit status when it is gone. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<number>;
}

export interface ServiceOptions extends Pick<ChildOptions, 'env' | 'cwd'> {
  /** The file is truncated. Absent: the output is discarded. */
  readonly stdoutPath?: string;
  /** The file is truncated; for a process that may outlive us. Absent: the first MiB is kept in memory. */
  readonly stderrPath?: string;
}

/** Starts a process that keeps running. @throws when it cannot be started */
export function startChild(argv: readonly string[], options: ServiceOptions): Promise<Service> {
  const [file = '', ...args] = argv;
  const stdout = options.stdoutPath === undefined ? 'ignore' : openSync(options.stdoutPath, 'w');
  const stderr = options.stderrPath === undefined ? 'pipe' : openSync(options.stderrPath, 'w');
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', stdout, stderr],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  for (const fd of [stdout, stderr]) {
    if (typeof fd === 'number') closeSync(fd);
  }
  const { stderrPath } = options;
  const captured = new CappedBuffer(1 << 20);
  child.stderr?.on('data', (chunk: Buffer) => captured.add(chunk));
  const errors = stderrPath === undefined ? () => captured.text() : () => readFileSync(stderrPath, 'utf8');
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('spawn', () => done(asService(child, errors)));
  });
}

function asService(child: ChildProcess, stderr: () => string): Service {
  const pid = child.pid ?? 0;
  let gone = false;
  const ended = new Promise<number>((done) => {
    child.once('exit', (code, signal) => {
      gone = true;
      done(exitStatus(code, signal));
    });
  });
  const signal = (name: NodeJS.Signals, target = pid): void => {
    if (!gone) signalProcess(target, name);
  };
  return {
    pid,
    ended,
    running: () => !gone,
    signal,
    stderr,
    stop: async (name = 'SIGTERM', graceMs = 2000) => {
      signal(name);
      const timer = setTimeout(() => signal('SIGKILL', -pid), graceMs);
      const status = await ended;
      clearTimeout(timer);
      return status;
    },
  };
}

/** Runs a command to its end while this process waits: for clean-up that must not be interrupted. Never throws. */
export function runChildSync(argv: readonly string[], options: Pick<ChildOptions, 'env' | 'timeoutMs'> = {}): Omit<ChildResult, 'cut'> {
  const [file = '', ...args] = argv;
  const result = spawnSync(file, args, {
    encoding: 'utf8',
    killSignal: 'SIGKILL',
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  const timedOut = (result.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT';
  if (result.error !== undefined && !timedOut) return { exit: 127, stdout: '', stderr: `${result.error.message}\n`, timedOut };
  return { exit: exitStatus(result.status, result.signal), stdout: result.stdout, stderr: result.stderr, timedOut };
}

/**
 * When a process was started, in clock ticks since boot: together with its id this identifies it. Undefined when it has
 * ended, also when it is a zombie.
 */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; the state is field 3, the start field 22 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Runs a command on our own terminal and resolves with its exit status. */
export function runOnTerminal(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { stdio: 'inherit', env });
  // The terminal sends Ctrl-C to the command, too, which decides what it does.
  const leave = (): void => {};
  process.on('SIGINT', leave);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', leave);
      done(exitStatus(code, signal));
    });
  });
}
