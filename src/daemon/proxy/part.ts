// Layer 7 as a process of the daemon, with the section layer7 of weir.yaml: the supervisor of weir's own proxy, or of the engine that the section names.
import { availableParallelism } from 'node:os';
import { netnsEngineFolder } from '../../host/state-file.js';
import { stickySecret } from '../../host/sticky-secret.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { Log } from '../../model/log-level.js';
import { ENGINES } from '../engine/engine-program.js';
import { EngineService, type EngineServiceOptions, examineEngine } from '../engine/engine-service.js';
import type { Part, StartPart } from '../process/part.js';
import { StartedService } from '../process/started-service.js';
import { ProxyService, type ServiceSettings } from './proxy-service.js';

/** The daemon's supervisor kills a process 5 s after it asked for its end. */
const DRAIN_MS = 4000;

/** What serves: the same to the daemon, whoever it is. */
interface Serving {
  reload(model: Layer7): Promise<void>;
  end(): Promise<void>;
}

class ProxyServing implements Serving {
  readonly #secret = Buffer.from(stickySecret()).toString('hex');
  readonly #service: ProxyService;

  constructor(model: Layer7, log: Log) {
    const { accessLog } = model;
    const options = { log, workers: availableParallelism(), drainMs: DRAIN_MS, folder: '/' };
    this.#service = new ProxyService(this.#settings(model), accessLog === undefined ? options : { ...options, accessLog });
    void this.#service.ready();
  }

  #settings(model: Layer7): ServiceSettings {
    return { model, secret: this.#secret };
  }

  async reload(model: Layer7): Promise<void> {
    // also a log that was moved away
    this.#service.reopenLogs();
    await this.#service.reload(() => this.#settings(model));
  }

  end(): Promise<void> {
    return this.#service.end();
  }
}

function engineOptions({ engine, accessLog }: Layer7, log: Log): EngineServiceOptions | undefined {
  if (engine === undefined) return undefined;
  const { name, lossy } = engine;
  const options = { program: ENGINES[name], folder: '/', runFolder: netnsEngineFolder(name), workers: 0, lossy, source: 'weir.yaml', log };
  return accessLog === undefined ? options : { ...options, accessLog: accessLog.path };
}

class EngineServing implements Serving {
  readonly #service: EngineService;

  constructor(model: Layer7, options: EngineServiceOptions) {
    this.#service = new EngineService(model, options);
  }

  reload(model: Layer7): Promise<void> {
    this.#service.reopenLogs();
    this.#service.reload(() => model);
    return Promise.resolve();
  }

  end(): Promise<void> {
    return this.#service.end();
  }
}

const serve = (model: Layer7, log: Log): Serving => {
  const options = engineOptions(model, log);
  return options === undefined ? new ProxyServing(model, log) : new EngineServing(model, options);
};

/** What only another service can follow. */
const kindOf = ({ engine, accessLog }: Layer7): string => JSON.stringify([engine ?? null, accessLog ?? null]);

class ProxyPart implements Part {
  #model: Layer7 | undefined;
  #service: StartedService<Serving>;
  /** Those before, while they let connections end. */
  readonly #ending = new Set<Promise<void>>();

  constructor(
    { weir }: KeepalivedConfiguration,
    readonly log: Log,
  ) {
    this.#model = weir?.layer7;
    this.#service = this.#start();
  }

  #start(): StartedService<Serving> {
    return new StartedService(() => {
      if (this.#model === undefined) throw new Error('the proxy runs without a section layer7');
      return serve(this.#model, this.log);
    }, this.log);
  }

  async reload({ weir }: KeepalivedConfiguration): Promise<void> {
    const model = weir?.layer7;
    if (model === undefined || this.#model === undefined) return;
    if (kindOf(model) !== kindOf(this.#model)) this.#change(model);
    else {
      this.#model = model;
      await this.#service.running?.reload(model);
    }
  }

  /** The one before lets its connections end, while the other one serves already. */
  #change(model: Layer7): void {
    try {
      const options = engineOptions(model, this.log);
      if (options !== undefined) examineEngine(model, options);
    } catch (error) {
      if (!isWeirError(error)) throw error;
      this.log('error', `the configuration of before stays in effect: ${error.message}`);
      return;
    }
    this.#end();
    this.#model = model;
    this.#service = this.#start();
  }

  #end(): void {
    this.#service.cancel();
    const ending = this.#service.running?.end();
    if (ending === undefined) return;
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
  }

  dump(): void {}

  async stop(): Promise<void> {
    this.#end();
    await Promise.all(this.#ending);
  }
}

export const startProxy: StartPart = (configuration, _options, log) => new ProxyPart(configuration, log);
