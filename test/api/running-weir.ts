// A command of weir that goes on until it is ended, and what it logs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../support/project.js';

export class RunningWeir {
  readonly child: ChildProcess;
  #output = '';

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, [join(root, 'dist/weir.cjs'), 'weir', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (piece) => (this.#output += piece));
  }

  async logged(pattern: RegExp, count = 1): Promise<string> {
    for (;;) {
      const found = [...this.#output.matchAll(new RegExp(pattern, 'g'))][count - 1];
      if (found !== undefined) return found[1] ?? '';
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`it ended: ${this.#output}`);
      await sleep(50);
    }
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
    return this.child.exitCode;
  }
}
