// The adverts of VRRP that passed a device.
import { PacketLines } from './packet-lines.js';

/** `priority` 0 announces that the master leaves. */
export interface Advert {
  readonly at: number;
  readonly from: string;
  readonly priority: number;
}

/** All adverts that tcpdump sees at a node's interface. */
export class AdvertCapture {
  readonly adverts: Advert[] = [];
  /** The time of the packet that the next lines describe. */
  #at = 0;
  readonly #lines: PacketLines;

  constructor(namespace: string, device: string) {
    this.#lines = new PacketLines(namespace, device, ['-v', 'ip proto 112'], (line) => this.#take(line));
  }

  #take(line: string): void {
    const at = /^(\d+\.\d+) /.exec(line)?.[1];
    if (at !== undefined) this.#at = Number(at);
    const [, from = '', priority] = /(\d+\.\d+\.\d+\.\d+) > \S+ .*prio (\d+)/.exec(line) ?? [];
    if (priority !== undefined) this.adverts.push({ at: this.#at, from, priority: Number(priority) });
  }

  /** @throws Error when tcpdump does not start */
  listening(): Promise<void> {
    return this.#lines.listening();
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}
