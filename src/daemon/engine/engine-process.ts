// An engine at work: its file, and its master process, which is started again when it ends and reads a new file on a signal, so that its old workers
// finish what they have.
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { EngineText } from '../../config/engine/engine-options.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { unlessCode } from '../../sys/errno.js';
import { onceEnded } from '../../sys/processes/child-end.js';
import { spawnChild } from '../../sys/processes/spawn-child.js';
import type { EngineFile } from './engine-file.js';
import { type EngineProgram, engineEnvironment, engineFile } from './engine-program.js';
import { endLeftEngines } from './left-engines.js';

const RESTART_MIN_MS = 200;
const RESTART_MAX_MS = 5000;
/** A process that ran for so long did not fail at its start. */
const STEADY_MS = 10_000;
const READY_LOOK_MS = 50;
const REMIND_MS = 3000;
/** Of a line that has no end yet. */
const LINE_MAX = 65_536;

export interface EngineProcessOptions<Made extends EngineText> {
  readonly program: EngineProgram;
  readonly folder: string;
  /** The configuration as it is to be now. */
  readonly make: () => Made;
  /** It is the engine's file: what begins or reloads from now on has it. */
  readonly onInstalled: (made: Made) => void;
  readonly report: (text: string) => void;
  /** It serves, and takes signals: once for each start. */
  readonly onReady: (pid: number) => void;
  /** Lines of its standard output. */
  readonly onOutput: (line: string) => void;
}

/** Whole lines, one after the other. */
function eachLine(stream: Readable | null | undefined, onLine: (line: string) => void): void {
  let held = '';
  stream?.setEncoding('latin1');
  stream?.on('data', (text: string) => {
    const lines = (held + text).split('\n');
    held = (lines.pop() ?? '').slice(0, LINE_MAX);
    for (const line of lines) onLine(line);
  });
}

export class EngineProcess<Made extends EngineText> {
  readonly #file: EngineFile;
  #child: ChildProcess | undefined;
  #restartMs = RESTART_MIN_MS;
  #isEnding = false;
  #onEnd: (() => void) | undefined;
  /** Signals that wait until the process takes them. */
  #waiting: NodeJS.Signals[] = [];
  #isReady = false;
  #look: NodeJS.Timeout | undefined;
  #asking: NodeJS.Timeout | undefined;
  #signalledAt = 0;

  /** @throws WeirError engine-refused, engine-foreign-file, engine-absent, engine-unwritten */
  constructor(readonly options: EngineProcessOptions<Made>) {
    this.#file = engineFile(options.program, options.folder);
    this.#install();
    endLeftEngines(options.program, this.#file.path, options.report);
    this.#start();
  }

  #install(): void {
    const made = this.options.make();
    this.#file.install(made);
    this.options.onInstalled(made);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get path(): string {
    return this.#file.path;
  }

  #start(): void {
    const { program, folder, report, onOutput } = this.options;
    rmSync(program.trace(folder), { force: true });
    // The engine lets its answers end when this process is killed, and leaves its addresses to the next one (prctl PR_SET_PDEATHSIG).
    const words = ['--pdeathsig', program.signals.orphan, '--', program.name, ...program.args(this.#file.path, folder)];
    const child = spawnChild('setpriv', words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: engineEnvironment(),
      // a group of its own, by which the workers of a dead master are reached
      detached: true,
    });
    const startedAt = performance.now();
    this.#child = child;
    eachLine(child.stdout, onOutput);
    eachLine(child.stderr, (line) => {
      if (line !== '' && !line.startsWith('[NOTICE]')) report(line);
    });
    onceEnded(child, (how) => this.#ended(child, how, performance.now() - startedAt));
    this.#isReady = false;
    // not before the constructor has returned
    this.#lookLater(child, 0);
  }

  #ended(child: ChildProcess, how: string, livedMs: number): void {
    const { name } = this.options.program;
    this.#child = undefined;
    this.#isReady = false;
    if (this.#isEnding) {
      this.#onEnd?.();
      return;
    }
    this.#endWorkers(child.pid);
    if (livedMs > STEADY_MS) this.#restartMs = RESTART_MIN_MS;
    this.options.report(`${name} (${child.pid ?? 'not started'}) ended: ${how}; it is started again in ${this.#restartMs} ms`);
    setTimeout(() => this.#startAgain(), this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MAX_MS);
  }

  /** With verdicts and weights as they are now. */
  #startAgain(): void {
    if (this.#isEnding) return;
    try {
      this.#install();
    } catch (error) {
      if (!isWeirError(error)) throw error;
      this.options.report(`${this.options.program.name} is started with the file of before: ${error.message}`);
    }
    this.#start();
  }

  /** Workers outlive a master that is killed, and hold its listening sockets: they let their answers end. */
  #endWorkers(group: number | undefined): void {
    const { end } = this.options.program.signals;
    if (group !== undefined) unlessCode(() => process.kill(-group, end), ['ESRCH'], false);
  }

  #lookLater(child: ChildProcess, ms: number): void {
    clearTimeout(this.#look);
    this.#look = setTimeout(() => this.#await(child), ms);
  }

  /** A signal that comes too early is lost, or ends the process. */
  #await(child: ChildProcess): void {
    const { program, folder, onReady } = this.options;
    if (child !== this.#child || child.pid === undefined) return;
    if (!program.isReady(folder, child.pid)) {
      this.#lookLater(child, READY_LOOK_MS);
      return;
    }
    this.#isReady = true;
    onReady(child.pid);
    for (const signal of this.#waiting.splice(0)) child.kill(signal);
  }

  #send(signal: NodeJS.Signals): void {
    this.#signalledAt = performance.now();
    if (this.#isReady) this.#child?.kill(signal);
    else if (!this.#waiting.includes(signal)) this.#waiting.push(signal);
  }

  /** The process that answers has not read the file: the signal is sent again, unless it was sent just now. */
  remind(): void {
    if (this.#isReady && performance.now() - this.#signalledAt > REMIND_MS) this.#send(this.options.program.signals.reload);
  }

  /** What the engine refuses changes nothing. @throws WeirError engine-refused, engine-foreign-file, engine-absent, engine-unwritten */
  reload(): void {
    this.#install();
    // also without a change: certificates and logs are opened again
    this.#send(this.options.program.signals.reload);
  }

  reopenLogs(): void {
    if (this.options.program.writesLog) this.#send('SIGUSR1');
  }

  /** Answers under way end; a second call ends them. The signal is sent again until then: an engine that begins to serve may lose it. */
  end(): Promise<void> {
    const signal = this.#isEnding ? 'SIGTERM' : this.options.program.signals.end;
    this.#isEnding = true;
    clearTimeout(this.#look);
    clearInterval(this.#asking);
    return new Promise((done) => {
      this.#onEnd = () => {
        clearInterval(this.#asking);
        done();
      };
      if (this.#child === undefined) done();
      else {
        this.#child.kill(signal);
        this.#asking = setInterval(() => this.#child?.kill(signal), REMIND_MS);
      }
    });
  }
}
