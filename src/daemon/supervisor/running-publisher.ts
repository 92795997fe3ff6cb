// Publishes what the daemon runs with: for `weir plan`, and of instances of VRRP for `weir metrics`.
import type { Damage } from '../../config/keepalived/diagnostics/damage.js';
import { dumpedInstances } from '../../dump/dumped-instance.js';
import { publishedDump } from '../../host/published-vrrp.js';
import { publishRunning, sweepRunning, unpublishRunning } from '../../host/running-daemon.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import { native } from '../../sys/addon.js';
import { absolutePath } from '../../sys/files/working-directory.js';
import { startTime } from '../../sys/processes/child.js';
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
    const { path, weirFile, configId, allConfig, parts } = this.options;
    this.#attempt(() => {
      const cookie = String(native().netnsCookie());
      if (this.#cookie === undefined) sweepRunning(cookie);
      this.#publishDump(cookie, parts.vrrp ? configuration : undefined);
      publishRunning(cookie, {
        pid: process.pid,
        file: absolutePath(path),
        ...(weirFile === undefined ? {} : { weirFile }),
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

  /** undefined: it runs no instance of VRRP. */
  #publishDump(cookie: string, configuration: KeepalivedConfiguration | undefined): void {
    if (this.#cookie === undefined) publishedDump.sweep();
    if (configuration === undefined || configuration.instances.length === 0) {
      publishedDump.unpublish(cookie, process.pid);
      return;
    }
    const { pid } = process;
    publishedDump.publish(cookie, { pid, started: startTime(pid) ?? '', daemon: pid, dumped: dumpedInstances(configuration) });
  }

  close(): void {
    const cookie = this.#cookie;
    this.#cookie = undefined;
    if (cookie === undefined) return;
    this.#attempt(() => unpublishRunning(cookie, process.pid));
    this.#attempt(() => publishedDump.unpublish(cookie, process.pid));
  }
}
