// A daemon under test: started with its log on the console; tests send signals and wait for log lines.
import { type ChildProcess, spawn } from 'node:child_process';
import { atExit } from './at-exit.js';

/** A test that waits longer than this for a line fails, with all lines. */
const PATIENCE_MS = 180_000;

/** Between two looks, ms: a look that runs a command must leave the processor to what is looked at. */
const pauseAfter = (lookMs: number): number => Math.min(Math.max(20, 2 * lookMs), 250);

export class RunningDaemon {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  #status: number | NodeJS.Signals | undefined;

  /**
   * @param argv the whole command; it must log to standard error (-n -l)
   * @param logged called when there are more lines
   */
  constructor(argv: readonly string[], environment: Readonly<Record<string, string>> = {}, logged?: () => void) {
    const [file = '', ...args] = argv;
    this.#child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } });
    if (logged !== undefined) this.#listeners.add(logged);
    let rest = '';
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      this.#lines.push(...parts);
      this.#changed();
    });
    this.#child.on('close', (code, signal) => {
      this.#status = code ?? signal ?? 0;
      this.#changed();
    });
    atExit(() => this.#child.kill('SIGKILL'));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Its log lines so far, without the dates. */
  get lines(): readonly string[] {
    return this.#lines.map((line) => line.replace(/^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: /, ''));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves as soon as `condition` holds; evaluated when the daemon logs a line, and again and again (`pauseAfter`). */
  until<T>(what: string, condition: () => T | undefined | false): Promise<T> {
    return new Promise((done, fail) => {
      let next: NodeJS.Timeout | undefined;
      const finish = (): void => {
        clearTimeout(next);
        clearTimeout(limit);
        this.#listeners.delete(look);
      };
      const look = (): void => {
        clearTimeout(next);
        const begun = performance.now();
        const value = condition();
        if (value === undefined || value === false) {
          next = setTimeout(look, pauseAfter(performance.now() - begun));
          return;
        }
        finish();
        done(value as T);
      };
      const limit = setTimeout(() => {
        finish();
        fail(new Error(`${what} did not come; the log:\n${this.#lines.join('\n')}`));
      }, PATIENCE_MS);
      this.#listeners.add(look);
      look();
    });
  }

  /** The first line that matches, counted from `from`. */
  logged(pattern: RegExp, from = 0): Promise<string> {
    return this.until(String(pattern), () => this.lines.slice(from).find((line) => pattern.test(line)));
  }

  /** How many of its log lines match, those before `from` left out. */
  count(pattern: RegExp, from = 0): number {
    return this.lines.slice(from).filter((line) => pattern.test(line)).length;
  }

  /** Nothing once it has ended: its number may be another process's. @throws Error when it was never started */
  signal(signal: NodeJS.Signals | number): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined) throw new Error(`no process to send ${signal} to`);
    if (exitCode === null && signalCode === null) process.kill(pid, signal);
  }

  /** Its exit status. */
  ended(): Promise<number | NodeJS.Signals> {
    return this.until('its end', () => this.#status);
  }

  stop(): Promise<number | NodeJS.Signals> {
    // No effect on a process that has ended.
    this.#child.kill('SIGTERM');
    return this.ended();
  }
}
