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
import type { ControlSocket } from './control-socket.js';
import { ProxyService, type ServiceSettings } from './proxy-service.js';

/** The daemon's supervisor kills a process 5 s after it asked for its end. */
const DRAIN_MS = 4000;

/** What serves: the same to the daemon, whoever it is. */
interface Serving {
  /** At which it is asked. */
  readonly control: ControlSocket;
  ready(): Promise<void>;
  reload(model: Layer7): Promise<void>;
  /** `isReplaced`: another one has its place. */
  end(isReplaced: boolean): Promise<void>;
}

class ProxyServing implements Serving {
  readonly #secret = Buffer.from(stickySecret()).toString('hex');
  readonly #service: ProxyService;
  readonly #ready: Promise<void>;

  constructor(model: Layer7, log: Log) {
    const { accessLog } = model;
    const options = { log, workers: availableParallelism(), drainMs: DRAIN_MS, folder: '/' };
    this.#service = new ProxyService(this.#settings(model), accessLog === undefined ? options : { ...options, accessLog });
    this.#ready = this.#service.ready();
  }

  get control(): ControlSocket {
    return this.#service.control;
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  #settings(model: Layer7): ServiceSettings {
    return { model, secret: this.#secret };
  }

  async reload(model: Layer7): Promise<void> {
    // also a log that was moved away
    this.#service.reopenLogs();
    await this.#service.reload(() => this.#settings(model));
  }

  end(isReplaced: boolean): Promise<void> {
    return this.#service.end(isReplaced);
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

  get control(): ControlSocket {
    return this.#service.control;
  }

  ready(): Promise<void> {
    return this.#service.ready();
  }

  reload(model: Layer7): Promise<void> {
    this.#service.reopenLogs();
    this.#service.reload(() => model);
    return Promise.resolve();
  }

  end(isReplaced: boolean): Promise<void> {
    return this.#service.end(isReplaced);
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
  /** Those whose places were taken, until the others serve. */
  readonly #replaced = new Set<Serving>();
  /** Those before, while they let connections end. */
  readonly #ending = new Set<Promise<void>>();

  constructor(
    { weir }: KeepalivedConfiguration,
    readonly log: Log,
  ) {
    this.#model = weir?.layer7;
    this.#service = this.#start(weir?.layer7);
  }

  #start(model: Layer7 | undefined): StartedService<Serving> {
    return new StartedService(() => {
      if (model === undefined) throw new Error('the proxy runs without a section layer7');
      return serve(model, this.log);
    }, this.log);
  }

  async reload({ weir }: KeepalivedConfiguration): Promise<void> {
    const model = weir?.layer7;
    if (model === undefined || this.#model === undefined) return;
    if (kindOf(model) !== kindOf(this.#model)) this.#change(model);
    else {
      this.#model = model;
      const { running } = this.#service;
      if (running === undefined) this.#startAnother(model);
      else await running.reload(model);
    }
  }

  /** What could not be started yet is not tried again as it was. */
  #startAnother(model: Layer7): void {
    this.#service.cancel();
    this.#service = this.#start(model);
  }

  /** The listening sockets of both share their ports: the one before lets its connections end once the other one serves. */
  #change(model: Layer7): void {
    try {
      const options = engineOptions(model, this.log);
      if (options !== undefined) examineEngine(model, options);
    } catch (error) {
      if (!isWeirError(error)) throw error;
      this.log('error', `the configuration of before stays in effect: ${error.message}`);
      return;
    }
    const { running: before } = this.#service;
    // one process has one address at which it is asked
    before?.control.leave();
    const service = this.#start(model);
    if (service.running === undefined && before !== undefined) {
      service.cancel();
      before.control.open();
      this.log('error', 'the configuration of before stays in effect');
      return;
    }
    this.#service.cancel();
    this.#model = model;
    this.#service = service;
    if (before === undefined) return;
    const replaced = [...this.#replaced.add(before)];
    void service.running?.ready().then(() => {
      for (const serving of replaced) this.#end(serving, true);
    });
  }

  #end(serving: Serving, isReplaced: boolean): void {
    if (isReplaced && !this.#replaced.delete(serving)) return;
    const ending = serving.end(isReplaced);
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
  }

  dump(): void {}

  async stop(): Promise<void> {
    this.#service.cancel();
    for (const serving of this.#replaced) this.#end(serving, true);
    if (this.#service.running !== undefined) this.#end(this.#service.running, false);
    await Promise.all(this.#ending);
  }
}

export const startProxy: StartPart = (configuration, _options, log) => new ProxyPart(configuration, log);
