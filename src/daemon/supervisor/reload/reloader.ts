// Reload: the file is read first, and what cannot be used never replaces what runs. keepalived ends itself then, and leaves its VIPs.

import { isDeepStrictEqual } from 'node:util';
import type { Damage } from '../../../config/keepalived/diagnostics/damage.js';
import { mistakeText } from '../../../model/errors/message-of.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { GlobalSettings } from '../../../model/keepalived/global.js';
import type { Log } from '../../../model/log-level.js';
import { writeDump } from '../../dump-files/write-dump.js';
import type { DaemonOptions } from '../daemon-options.js';
import type { ServiceManager } from '../service-manager.js';
import { logConfigurationFiles } from '../start/configuration-files.js';
import type { Supervisor } from '../supervisor.js';
import type { Loaded } from './loaded.js';
import { refusalOf } from './refusal.js';
import type { ReloadAnswer } from './reload-answers.js';

export interface ReloadSettings {
  readonly files: Pick<DaemonOptions, 'path' | 'weirFile'>;
  readonly load: () => Loaded | Promise<Loaded>;
  readonly log: Log;
  readonly manager: ServiceManager;
  readonly supervisor: Pick<Supervisor, 'reload'>;
  /** The files are read now; they were, with this outcome; all that came of it is in effect. `global`: of what runs. */
  readonly reading: (global: GlobalSettings) => void;
  readonly read: (global: GlobalSettings, loaded: Loaded) => void;
  readonly over: (global: GlobalSettings, answer: ReloadAnswer) => void;
}

/** Where reload_check_config writes without a file of its own. */
const CHECK_LOG = '/tmp/keepalived_check.log';

/** Whatever goes wrong while reading must not end what runs. */
async function attempted(load: ReloadSettings['load']): Promise<Loaded> {
  try {
    return await load();
  } catch (error) {
    return { outcome: 'fatal', messages: [{ level: 'error', text: mistakeText(error) }] };
  }
}

export class Reloader {
  #configuration: KeepalivedConfiguration;
  /** What was wrong in the file that runs. */
  #damage: readonly Damage[];
  #running = false;
  #again = false;

  constructor(
    readonly settings: ReloadSettings,
    configuration: KeepalivedConfiguration,
    damage: readonly Damage[] = [],
  ) {
    this.#configuration = configuration;
    this.#damage = damage;
  }

  /** What runs now. */
  get configuration(): KeepalivedConfiguration {
    return this.#configuration;
  }

  /** What was wrong in its file. */
  get damage(): readonly Damage[] {
    return this.#damage;
  }

  /** HUP. While a reload runs nothing begins; when it is over the file is read again, and taken if it is another. */
  request(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    void this.#all().finally(() => {
      this.#running = false;
    });
  }

  /** Until there was no request since the file was read last. */
  async #all(): Promise<void> {
    await this.#run(false);
    while (this.#again) {
      this.#again = false;
      await this.#run(true);
    }
  }

  async #run(onlyIfOther: boolean): Promise<void> {
    const { log, manager, supervisor, load, reading, read, over } = this.settings;
    const { global } = this.#configuration;
    const check = global.reloadCheckConfig;
    if (check !== undefined && !onlyIfOther) log('info', 'validate conf before Reload');
    reading(global);
    const loaded = await attempted(load);
    read(global, loaded);
    const unchanged = loaded.configuration !== undefined && isDeepStrictEqual(loaded.configuration, this.#configuration);
    if (onlyIfOther && unchanged) return over(global, { taken: true, text: 'nothing changed' });
    manager.notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    const next = check === undefined ? this.#usable(loaded) : this.#checked(loaded, check.logFile ?? CHECK_LOG);
    const taken = typeof next !== 'string';
    if (taken) {
      log('info', 'Reloading ...');
      log('debug', `Opening file '${this.settings.files.path}'.`);
      logConfigurationFiles(this.settings.files, log);
      for (const { level, text } of loaded.messages) log(level, text);
      const wanted = this.#keepFixed(next);
      this.#configuration = wanted;
      this.#damage = loaded.damage ?? [];
      if (!(await supervisor.reload(wanted))) return;
      log('info', 'Reload complete');
    }
    manager.notify('READY=1');
    over(this.#configuration.global, { taken, text: taken ? 'Reload complete' : next });
  }

  /** The configuration, or why it is refused. Without reload_check_config only what cannot be used at all is refused, and mistakes that would take a virtual address away. */
  #usable(loaded: Loaded): KeepalivedConfiguration | string {
    const why = refusalOf({ configuration: this.#configuration, damage: this.#damage }, loaded);
    if (why === undefined && loaded.configuration !== undefined) return loaded.configuration;
    const { log } = this.settings;
    log('info', 'Reloading ...');
    for (const { level, text } of loaded.messages) log(level, text);
    const text = `Reload refused: ${why}; the configuration of before stays in effect`;
    log('error', text);
    return text;
  }

  /** With reload_check_config: the configuration, or why it is refused. Any error refuses it, and is written to the file. */
  #checked(loaded: Loaded, path: string): KeepalivedConfiguration | string {
    const good = loaded.outcome === 'ok';
    const lines = good ? [] : loaded.messages.filter(({ level }) => level !== 'debug').map(({ text }) => text);
    // A folder of everybody's, like that of dumps.
    writeDump(path, lines.map((line) => `${line}\n`).join(''), this.settings.log);
    if (good && loaded.configuration !== undefined) return loaded.configuration;
    const text = `New config failed validation, see ${path} for details`;
    this.settings.log('error', text);
    return text;
  }

  /** What cannot change while the daemon runs stays as it was, with a word about it. */
  #keepFixed(next: KeepalivedConfiguration): KeepalivedConfiguration {
    const { netNamespace, instanceName } = this.#configuration.root;
    const { log } = this.settings;
    const { netNamespace: _net, instanceName: _name, ...rest } = next.root;
    if (next.root.netNamespace !== netNamespace) log('warning', 'Cannot change network namespace at a reload - please restart keepalived');
    if (next.root.instanceName !== instanceName) log('warning', 'Cannot change instance at a reload - please restart keepalived');
    return {
      ...next,
      root: { ...rest, ...(netNamespace === undefined ? {} : { netNamespace }), ...(instanceName === undefined ? {} : { instanceName }) },
    };
  }
}
