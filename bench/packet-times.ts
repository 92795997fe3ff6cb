// When packets that fit a filter passed a device.
import { PacketLines } from './packet-lines.js';

export class PacketTimes {
  /** By destination, seconds. */
  readonly #times = new Map<string, number[]>();
  readonly #lines: PacketLines;

  constructor(namespace: string, device: string, filter: string) {
    this.#lines = new PacketLines(namespace, device, [filter], (line) => this.#take(line));
  }

  #take(line: string): void {
    const [, at, to = ''] = /^(\d+\.\d+) IP \S+ > (\S+):/.exec(line) ?? [];
    if (at === undefined) return;
    const times = this.#times.get(to) ?? [];
    times.push(Number(at));
    this.#times.set(to, times);
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
    return this.#lines.listening();
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}
