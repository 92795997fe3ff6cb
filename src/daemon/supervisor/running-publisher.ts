// Publishes what the daemon runs with, for `weir plan`.
import type { Damage } from '../../config/keepalived/diagnostics/damage.js';
import { publishRunning, sweepRunning, unpublishRunning } from '../../host/running-daemon.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import { native } from '../../sys/addon.js';
import { absolutePath } from '../../sys/files/working-directory.js';
import { optionalWork } from '../process/optional-work.js';
import type { DaemonOptions } from './daemon-options.js';

export class RunningPublisher {
  /** Of the network namespace, while there is a file. */
  #cookie: string | undefined;
  readonly #attempt = optionalWork((reason) => this.log('debug', `what runs is not published for weir plan: ${reason}`));

  constructor(
    readonly options: DaemonOptions,
    readonly log: Log,
  ) {}

  /** `suffix`: behind the names of its files. */
  publish(configuration: KeepalivedConfiguration, damage: readonly Damage[], suffix: string): void {
    const { path, configId, allConfig, parts } = this.options;
    this.#attempt(() => {
      const cookie = String(native().netnsCookie());
      if (this.#cookie === undefined) sweepRunning(cookie);
      publishRunning(cookie, {
        pid: process.pid,
        file: absolutePath(path),
        suffix,
        ...(configId === undefined ? {} : { configId }),
        allConfig,
        servesTable: parts.checker,
        runsVrrp: parts.vrrp,
        configuration,
        damage,
      });
      this.#cookie = cookie;
    });
  }

  close(): void {
    const cookie = this.#cookie;
    this.#cookie = undefined;
    if (cookie !== undefined) this.#attempt(() => unpublishRunning(cookie, process.pid));
  }
}
