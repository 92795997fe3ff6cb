// A process in a host of a cluster that does what a test asks for there, one thing after the other (resident-child.ts): to start a process for each
// command takes more of the processor than nearly all of them do.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/sys/clock.js';
import { hasCode } from '../../src/sys/errno.js';
import type { Host, Ran } from '../support/netns-bed.js';

const CHILD = fileURLToPath(new URL('./resident-child.js', import.meta.url));
/** As long as a command may take that is a process of its own. */
const PATIENCE_MS = 180_000;
const PAUSE_MS = 1;
const CHUNK_BYTES = 1 << 16;

/** `weir`: a command line of weir, with its input. `ask`: as the station of that name (live-child.ts). */
export interface Request {
  readonly what: 'weir' | 'ask';
  readonly words: readonly string[];
  readonly input: string;
}

export class Resident {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-resident-'));
  readonly #child: ChildProcess;
  readonly #asks: number;
  readonly #answers: number;

  constructor({ namespace, name }: Host) {
    const [asks, answers] = ['asks', 'answers'].map((fifo) => join(this.#folder, fifo)) as [string, string];
    execFileSync('mkfifo', [asks, answers]);
    this.#asks = openSync(asks, constants.O_RDWR);
    this.#answers = openSync(answers, constants.O_RDWR | constants.O_NONBLOCK);
    const argv = ['netns', 'exec', namespace, process.execPath, CHILD, asks, answers];
    this.#child = spawn('ip', argv, { stdio: ['pipe', 'inherit', 'inherit'] });
    if (this.#child.pid === undefined) throw new Error(`no process in ${name}`);
    // It stays as long as this process needs it, and must not keep it from ending.
    this.#child.unref();
  }

  /** This process waits for the answer. @throws Error where none comes */
  does(request: Request): Ran {
    const bytes = Buffer.from(`${JSON.stringify(request)}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#asks, bytes, at);
    const [chunks, end]: [Buffer[], number] = [[], performance.now() + PATIENCE_MS];
    for (;;) {
      const chunk = this.#read();
      if (chunk === undefined) {
        if (this.#hasEnded() || performance.now() > end) throw new Error(`no answer to ${request.words.join(' ')}`);
        systemClock.sleep(PAUSE_MS);
        continue;
      }
      chunks.push(chunk);
      if (chunk.at(-1) === 0x0a) return JSON.parse(Buffer.concat(chunks).toString()) as Ran;
    }
  }

  #read(): Buffer | undefined {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    try {
      return chunk.subarray(0, readSync(this.#answers, chunk));
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) return undefined;
      throw error;
    }
  }

  /** Its exit is noticed only when this process waits for nothing. */
  #hasEnded(): boolean {
    return this.#child.exitCode !== null || /^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1'));
  }

  close(): void {
    this.#child.kill('SIGKILL');
    for (const fd of [this.#asks, this.#answers]) closeSync(fd);
    rmSync(this.#folder, { recursive: true });
  }
}
