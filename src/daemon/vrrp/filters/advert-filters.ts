// Keeps the adverts' socket filter in step with sockets and configuration, and reports once a second what it dropped.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Log } from '../../../model/log-level.js';
import { isSystemError } from '../../../sys/errno.js';
import type { RawReceiver } from '../../../sys/sockets/raw-socket.js';
import { type FilterCounts, type FilterReason, ofInstances } from '../../filter/filter-account.js';
import { FilterKeeper } from '../../filter/filter-keeper.js';
import { AdvertFilter, type FilterTarget, type FilterWanted, hasDigest } from './advert-filter.js';

const ROOM_MIN = 64;

export class AdvertFilters {
  readonly #keeper: FilterKeeper<FilterWanted, FilterReason>;
  #configuration: KeepalivedConfiguration | undefined;

  constructor(
    sockets: () => readonly RawReceiver[],
    report: (instance: string, counts: FilterCounts['counts']) => void,
    readonly log: Log,
  ) {
    this.#keeper = new FilterKeeper({
      make: (wanted) => this.#make(wanted),
      sockets,
      report: ofInstances(report),
      refused: (why) => log('warning', `VRRP: no filter in the kernel, floods of adverts will cost time: ${why}`),
    });
  }

  configure(configuration: KeepalivedConfiguration, targets: readonly FilterTarget[]): void {
    this.#configuration = configuration;
    this.#keeper.configure({ configuration, targets });
  }

  /** New sockets get the filter once it knows what they are for. */
  opened(sockets: readonly RawReceiver[], targets: readonly FilterTarget[]): void {
    const configuration = this.#configuration;
    if (configuration !== undefined) {
      this.#keeper.configure({ configuration, targets });
      sockets.forEach((socket) => this.#keeper.attach(socket));
    }
  }

  /** Digests are checked where there are any, and where the kernel takes the longer program. */
  #make({ configuration: { instances }, targets }: FilterWanted): AdvertFilter {
    const room = Math.max(ROOM_MIN, 2 * Math.max(instances.length, targets.length));
    if (!instances.some(hasDigest)) return new AdvertFilter(room, 'none');
    try {
      return new AdvertFilter(room, 'validated');
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.log('warning', `VRRP: the kernel does not validate digests, floods of forged adverts will cost time: ${error.message}`);
      return new AdvertFilter(room, 'left');
    }
  }

  close(): void {
    this.#keeper.close();
  }
}
