// A command of weir that goes on until it is ended, and what it logs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../support/project.js';

export class RunningWeir {
  readonly child: ChildProcess;
  #output = '';

  /** `namespace`: of a host of a bed; absent: the test's own. */
  constructor(words: readonly string[], namespace?: string) {
    const enter = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const [command = '', ...args] = [...enter, process.execPath, join(root, 'dist/weir.cjs'), 'weir', ...words];
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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

export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly etag?: string;
}

/** By a Unix socket, on a connection of its own. `body`: JSON. */
export const askSocket = (
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> =>
  new Promise((done, fail) => {
    const typed = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request({ socketPath, method, path, headers: { host: 'localhost', ...typed, ...headers }, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => (text += piece));
      answer.on('end', () => {
        const { etag } = answer.headers;
        done({ status: answer.statusCode ?? 0, text, ...(etag === undefined ? {} : { etag }) });
      });
      answer.on('error', fail);
    });
    asked.on('error', fail);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
