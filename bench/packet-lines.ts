// What tcpdump prints of packets that fit a filter, line by line; times are the kernel's own, in seconds.
import type { ChildProcess } from 'node:child_process';
import { start, stop } from './processes.js';
import { until } from './wait.js';

export class PacketLines {
  readonly #child: ChildProcess;
  #rest = '';
  #ready = false;

  /** `filter`: behind tcpdump's options; more options may come first. */
  constructor(
    namespace: string,
    device: string,
    filter: readonly string[],
    readonly onLine: (line: string) => void,
  ) {
    this.#child = start(namespace, ['tcpdump', '-i', device, '-n', '-tt', '-l', '--immediate-mode', '-B', '4096', ...filter]);
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#ready ||= text.includes('listening on');
    });
    this.#child.stdout?.on('data', (text: Buffer) => this.#take(text.toString()));
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line);
  }

  /** @throws Error when tcpdump does not start */
  listening(): Promise<void> {
    return until('tcpdump listens', () => this.#ready);
  }

  close(): Promise<void> {
    return stop(this.#child);
  }
}
