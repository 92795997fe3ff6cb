// When packets that fit a filter passed a device, by the kernel's own clock: tcpdump prints it.
import type { ChildProcess } from 'node:child_process';
import { start, stop } from './processes.js';
import { until } from './vrrp-pair.js';

export class PacketTimes {
  /** By destination, seconds. */
  readonly #times = new Map<string, number[]>();
  readonly #child: ChildProcess;
  #rest = '';
  #ready = false;

  constructor(namespace: string, device: string, filter: string) {
    this.#child = start(namespace, ['tcpdump', '-i', device, '-n', '-tt', '-l', '--immediate-mode', '-B', '4096', filter]);
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#ready ||= text.includes('listening on');
    });
    this.#child.stdout?.on('data', (text: Buffer) => this.#take(text.toString()));
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, at, to = ''] = /^(\d+\.\d+) IP \S+ > (\S+):/.exec(line) ?? [];
      if (at === undefined) continue;
      const times = this.#times.get(to) ?? [];
      times.push(Number(at));
      this.#times.set(to, times);
    }
  }

  /** Between packets to the same destination, of those that came after `from`. */
  gaps(from: number): readonly number[] {
    return [...this.#times.values()].flatMap((all) => {
      const times = all.filter((at) => at > from);
      return times.slice(1).map((at, index) => at - (times[index] ?? Number.NaN));
    });
  }

  /** @throws Error when tcpdump does not start */
  listening(): Promise<void> {
    return until('tcpdump listens', () => this.#ready);
  }

  close(): Promise<void> {
    return stop(this.#child);
  }
}
