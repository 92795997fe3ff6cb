// The proxy as a process of the daemon: the supervisor of its own processes, with the section layer7 of weir.yaml.
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { Log } from '../../model/log-level.js';
import type { Part, StartPart } from '../process/part.js';
import { StartedService } from '../process/started-service.js';
import { ProxyService, type ServiceSettings } from './proxy-service.js';

/** The daemon's supervisor kills a process 5 s after it asked for its end. */
const DRAIN_MS = 4000;

class ProxyPart implements Part {
  readonly #secret = randomBytes(32).toString('hex');
  #model: Layer7 | undefined;
  readonly #service: StartedService<ProxyService>;

  constructor({ weir }: KeepalivedConfiguration, log: Log) {
    this.#model = weir?.layer7;
    this.#service = new StartedService(() => {
      const service = new ProxyService(this.#settings(), { log, workers: availableParallelism(), drainMs: DRAIN_MS, folder: '/' });
      void service.ready();
      return service;
    }, log);
  }

  #settings(): ServiceSettings {
    const model = this.#model;
    if (model === undefined) throw new Error('the proxy runs without a section layer7');
    return { model, secret: this.#secret };
  }

  async reload({ weir }: KeepalivedConfiguration): Promise<void> {
    if (weir?.layer7 === undefined) return;
    this.#model = weir.layer7;
    await this.#service.running?.reload(() => this.#settings());
  }

  dump(): void {}

  async stop(): Promise<void> {
    this.#service.cancel();
    await this.#service.running?.end();
  }
}

export const startProxy: StartPart = (configuration, _options, log) => new ProxyPart(configuration, log);
