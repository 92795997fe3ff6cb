// Keeps the socket filter in step with sockets and configuration, and tells once a second what it dropped.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { isSystemError } from '../../sys/errno.js';
import type { RawReceiver } from '../../sys/raw-socket.js';
import { AdvertFilter, type FilterTarget } from './advert-filter.js';
import type { LogLevel } from './vrrp-process.js';

const REPORT_MS = 1000;
const LEAST_ROOM = 64;

export class Guard {
  #filter: AdvertFilter | undefined;
  #refused = false;
  #configuration: KeepalivedConfiguration | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sockets: () => readonly RawReceiver[],
    private readonly report: (instance: string, counts: Readonly<Record<string, number>>) => void,
    private readonly log: (level: LogLevel, text: string) => void,
  ) {}

  configure(configuration: KeepalivedConfiguration, listeners: readonly FilterTarget[]): void {
    this.#configuration = configuration;
    this.#attempt(() => this.#renew(configuration, listeners));
  }

  /** New sockets get the filter once it knows what they are for. */
  opened(sockets: readonly RawReceiver[], listeners: readonly FilterTarget[]): void {
    const configuration = this.#configuration;
    if (configuration !== undefined) {
      this.#attempt(() => {
        this.#filter?.configure(configuration, listeners);
        sockets.forEach((socket) => this.#filter?.attach(socket));
      });
    }
  }

  #renew(configuration: KeepalivedConfiguration, listeners: readonly FilterTarget[]): void {
    const { length } = configuration.instances;
    const before = this.#filter;
    if (before !== undefined && before.room >= length) {
      before.configure(configuration, listeners);
      return;
    }
    const filter = new AdvertFilter(Math.max(LEAST_ROOM, 2 * length));
    this.#filter = filter;
    filter.configure(configuration, listeners);
    this.sockets().forEach((socket) => filter.attach(socket));
    before?.close();
    this.#timer ??= setInterval(() => this.#tell(), REPORT_MS);
  }

  /** Without a filter everything works, only floods cost more: said once. */
  #attempt(work: () => void): void {
    if (this.#refused) {
      return;
    }
    try {
      work();
    } catch (error) {
      this.#refused = true;
      const why = isSystemError(error) || error instanceof Error ? error.message : String(error);
      this.log('warning', `VRRP: no filter in the kernel, floods of adverts will cost time: ${why}`);
    }
  }

  #tell(): void {
    for (const { instance, counts } of this.#filter?.takeCounts() ?? []) {
      if (instance !== undefined) {
        this.report(instance, counts);
      }
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#filter?.close();
    this.#filter = undefined;
  }
}
