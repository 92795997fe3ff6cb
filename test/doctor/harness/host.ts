// One host of a network, from outside: asks the agent that runs in its namespace.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { labEnvironment } from '../../../src/lab/state/paths.js';
import type { Answer, Endpoint, Request } from './agent.js';

const AGENT = fileURLToPath(new URL('agent.js', import.meta.url));
/** No command of a set-up, fault or fix takes as long, even on a busy machine. */
const COMMAND_MAX_MS = 120_000;

/**
 * A /run of its own, with the same /run/weir and /run/netns: pid files and locks have one name on every host, and one number may be
 * the pid of another host's keepalived. Without systemd in it, what doctor prints starts daemons by themselves.
 */
const OWN_RUN = `set -e
  mkdir -p /run/weir "$1"
  mount -t tmpfs none "$1"
  mkdir "$1/weir" "$1/netns"
  mount --rbind /run/weir "$1/weir"
  mount --rbind /run/netns "$1/netns"
  mount --rbind "$1" /run
  shift
  exec "$@"`;

/** iproute2's error for a name in /run/netns that another test is making or removing: it reads all of them. */
const STRANGERS = 'Error: Peer netns reference is invalid.';

/** `tcp 10.1.0.100:80` */
export function endpointOf(text: string): Endpoint {
  const [, protocol, address = '', port] = /^(tcp|udp) (.+):(\d+)$/.exec(text) ?? [];
  if (protocol !== 'tcp' && protocol !== 'udp') throw new RangeError(`not an endpoint such as tcp 10.1.0.1:80: ${text}`);
  return { protocol, address: address.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

export class HarnessHost {
  readonly #agent: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #requests = 0;
  #closing = false;

  /** `folder`: of the run, for files of its daemons. */
  constructor(
    readonly name: string,
    readonly namespace: string,
    readonly folder: string,
  ) {
    this.#agent = spawn(
      'ip',
      ['netns', 'exec', namespace, 'sh', '-c', OWN_RUN, 'sh', join(folder, `${name}.run`), process.execPath, AGENT],
      {
        stdio: 'pipe',
        env: { ...labEnvironment(folder) },
      },
    );
    createInterface({ input: this.#agent.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      if (line !== STRANGERS) process.stderr.write(`${namespace}: ${line}\n`);
    });
    createInterface({ input: this.#agent.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const { id, answer } = JSON.parse(line) as { readonly id: number; readonly answer: Answer };
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    this.#agent.once('exit', (status) => {
      for (const resolve of this.#waiting.values()) resolve({ status: -1, text: '', error: `the agent of ${name} ended with ${status}` });
      if (!this.#closing) process.stderr.write(`the agent of ${namespace} ended with ${status}\n`);
    });
  }

  ask(request: Request): Promise<Answer> {
    this.#requests += 1;
    const id = this.#requests;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#agent.stdin?.write(`${JSON.stringify({ id, request })}\n`);
    });
  }

  run(command: string): Promise<Answer> {
    return this.ask({ kind: 'run', command, timeoutMs: COMMAND_MAX_MS });
  }

  /** The answer to a request that must succeed. @throws Error where its status is not 0 */
  async must(request: Request): Promise<Answer> {
    const answer = await this.ask(request);
    if (answer.status !== 0) throw new Error(`${this.name}: ${JSON.stringify(request)}: ${answer.error || answer.text}`);
    return answer;
  }

  close(): Promise<void> {
    this.#closing = true;
    if (this.#agent.exitCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#agent.once('exit', () => resolve());
      this.#agent.stdin?.end();
    });
  }
}
