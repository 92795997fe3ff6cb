// The control API as a process of the daemon, with the section api of weir.yaml.
import { isDeepStrictEqual } from 'node:util';
import { ApiService, type ApiServiceOptions } from '../../api/api-service.js';
import { apiSettings } from '../../api/api-settings.js';
import type { ApiSettings } from '../../model/api-settings.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import type { TableDocument } from '../../model/table-document.js';
import { isSystemError } from '../../sys/errno.js';
import type { Part, StartPart } from '../process/part.js';
import { sourcesOfHost } from './live-changes.js';
import { silencePublisher } from './silence-publisher.js';

const RETRY_MS = 5000;

const settingsOf = ({ weir }: KeepalivedConfiguration): ApiSettings | undefined =>
  weir === undefined || weir.api?.enabled === false ? undefined : apiSettings(weir.api);

class ApiPart implements Part {
  /** Of the weir.yaml that the daemon runs with. */
  #document: TableDocument | undefined;
  /** undefined: it is switched off. */
  #settings: ApiSettings | undefined;
  #running: ApiService | undefined;
  #again: NodeJS.Timeout | undefined;
  #failure = '';
  readonly #silent: ApiServiceOptions['silent'];

  constructor(
    configuration: KeepalivedConfiguration,
    readonly log: Log,
  ) {
    this.#settings = settingsOf(configuration);
    this.#document = configuration.weir?.table;
    this.#silent = silencePublisher(log);
  }

  /** Another process may have the sockets: that is logged once, and tried again. */
  async start(): Promise<void> {
    this.#again = undefined;
    const settings = this.#settings;
    if (settings === undefined) return;
    try {
      const sources = sourcesOfHost(this.log, () => this.#document);
      this.#running = await ApiService.start({ settings, sources, log: this.log, silent: this.#silent });
    } catch (error) {
      if (!isWeirError(error) && !isSystemError(error)) throw error;
      if (error.message !== this.#failure) this.log('error', `${error.message}: tried again every ${RETRY_MS / 1000} s`);
      this.#failure = error.message;
      this.#silent({ places: [settings.write, settings.read], why: error.message });
      this.#again = setTimeout(() => void this.start(), RETRY_MS);
    }
  }

  async reload(configuration: KeepalivedConfiguration): Promise<void> {
    const settings = settingsOf(configuration);
    this.#document = configuration.weir?.table;
    if (isDeepStrictEqual(settings, this.#settings)) return;
    await this.stop();
    this.#settings = settings;
    await this.start();
  }

  dump(): void {}

  async stop(): Promise<void> {
    clearTimeout(this.#again);
    await this.#running?.stop();
    this.#running = undefined;
  }
}

export const startApi: StartPart = async (configuration, _options, log) => {
  const part = new ApiPart(configuration, log);
  await part.start();
  return part;
};
