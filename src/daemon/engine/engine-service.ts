// An engine in place of weir's own proxy: nginx or HAProxy with what weir makes of the model, and with the verdicts and weights that weir's checks,
// layer 4's and feedback give, which HAProxy follows at run time and nginx by reloads.
import { join } from 'node:path';
import type { EngineLoss } from '../../config/engine/engine-loss.js';
import type { EngineText } from '../../config/engine/engine-options.js';
import { bindingId } from '../../control/layer7/pool/binding-id.js';
import { type Certificates, certificatesThatEnd, loadCertificates } from '../../host/certificates.js';
import { stickySecret } from '../../host/sticky-secret.js';
import { endpointText } from '../../model/endpoint-text.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { PoolOrder, ProxyStatus } from '../../model/layer7/pool-status.js';
import type { Log } from '../../model/log-level.js';
import { isSystemError } from '../../sys/errno.js';
import { AppendFile } from '../proxy/append-file.js';
import { ControlSocket } from '../proxy/control-socket.js';
import { PoolKeeper } from '../proxy/pool-keeper.js';
import { EngineProcess } from './engine-process.js';
import { type EngineProgram, engineFile } from './engine-program.js';
import { HaproxyRuntime } from './haproxy-runtime.js';
import { ReloadPacer } from './reload-pacer.js';

const DAY_MS = 86_400_000;
const FLUSH_MS = 1000;
/** Of a configuration that is examined alone. */
const SECRET_BYTES = 32;
/** HAProxy's standard output has messages of its own besides. */
const ACCESS_LINE = /^\S+ - - \[/;

export interface EngineServiceOptions {
  readonly program: EngineProgram;
  /** What paths of certificates are relative to. */
  readonly folder: string;
  /** Where the configuration is written. */
  readonly runFolder: string;
  readonly workers: number;
  readonly accessLog?: string;
  /** It runs although something is lost. */
  readonly lossy: boolean;
  /** What losses are reported behind: the file. */
  readonly source: string;
  readonly log: Log;
}

/** The engine's configuration, and which servers get requests by it. */
interface Made extends EngineText {
  readonly verdicts: string;
}

type MakeOptions = Pick<EngineServiceOptions, 'program' | 'runFolder' | 'workers' | 'accessLog'>;

function makeText(
  { program, runFolder, workers, accessLog }: MakeOptions,
  model: Layer7,
  certificates: Certificates,
  orders: readonly PoolOrder[],
  secret: Uint8Array,
): EngineText {
  const id = (pool: string, server: string): string => bindingId(secret, pool, server);
  const options = { folder: runFolder, workers, certificates, orders, bindingId: id };
  return program.write(model, accessLog === undefined ? options : { ...options, log: accessLog });
}

export const lossText = (source: string, { where, why }: EngineLoss): string => `${source}: ${where}: ${why}`;

/** The configuration without an engine that runs, for --print and --check. @throws WeirError certificate-unusable */
export function printedText(options: MakeOptions & Pick<EngineServiceOptions, 'folder'>, model: Layer7): EngineText {
  const certificates = loadCertificates(model.listeners, options.folder, Date.now());
  return makeText(options, model, certificates, [], new Uint8Array(SECRET_BYTES));
}

/** @throws WeirError engine-losses */
function acceptLosses({ losses }: EngineText, { source, lossy, log }: Pick<EngineServiceOptions, 'source' | 'lossy' | 'log'>): void {
  for (const loss of losses) log('warning', lossText(source, loss));
  if (losses.length > 0 && !lossy) throw new WeirError('engine-losses', { count: losses.length });
}

/** Whether an engine could serve a model. @throws WeirError engine-refused, engine-foreign-file, engine-absent, engine-losses, certificate-unusable */
export function examineEngine(model: Layer7, options: EngineServiceOptions): void {
  const made = printedText(options, model);
  acceptLosses(made, options);
  engineFile(options.program, options.runFolder).check(made);
}

export class EngineService {
  readonly #options: EngineServiceOptions;
  #model: Layer7;
  #certificates: Certificates;
  readonly #secret: Uint8Array;
  readonly #keeper: PoolKeeper;
  readonly control: ControlSocket;
  readonly #engine: EngineProcess<Made>;
  readonly #log: AppendFile | undefined;
  readonly #runtime: HaproxyRuntime | undefined;
  readonly #pacer: ReloadPacer | undefined;
  readonly #timers: readonly NodeJS.Timeout[];
  #onReady = (): void => {};
  readonly #isReady = new Promise<void>((done) => {
    this.#onReady = done;
  });
  /** What the engine's file has. */
  #installed: Made | undefined;

  /** @throws WeirError engine-refused, engine-foreign-file, engine-absent, engine-losses, certificate-unusable */
  constructor(model: Layer7, options: EngineServiceOptions) {
    this.#options = options;
    const { program, runFolder, log } = options;
    const report = (text: string): void => log('warning', text);
    this.#model = model;
    this.#certificates = this.#load(model);
    // before anything is started
    examineEngine(model, options);
    this.#secret = stickySecret();
    this.#log = options.accessLog === undefined || program.writesLog ? undefined : new AppendFile(options.accessLog, report);
    this.#keeper = new PoolKeeper({ pools: model.pools, log, onChange: () => this.#follow() });
    try {
      this.#engine = new EngineProcess({
        program,
        folder: runFolder,
        make: () => this.#make(),
        onInstalled: (made) => {
          this.#installed = made;
        },
        report,
        onReady: (pid) => this.#ready(pid),
        onOutput: (line) => this.#output(line),
      });
    } catch (error) {
      this.#keeper.close();
      throw error;
    }
    this.control = new ControlSocket(this.#keeper, () => this.#status(), log);
    if (program.name === 'haproxy') this.#runtime = this.#makeRuntime(report);
    else this.#pacer = new ReloadPacer(() => this.#reloadEngine());
    this.#timers = [setInterval(() => this.#reportEnds(), DAY_MS).unref(), setInterval(() => this.#log?.flush(), FLUSH_MS).unref()];
  }

  /** It serves. */
  ready(): Promise<void> {
    return this.#isReady;
  }

  #ready(pid: number): void {
    const { program, log } = this.#options;
    this.#onReady();
    log('info', `runs ${program.name} (${pid}) with ${this.#engine.path}`);
  }

  #makeRuntime(report: (text: string) => void): HaproxyRuntime {
    return new HaproxyRuntime({
      path: join(this.#options.runFolder, 'haproxy.sock'),
      pools: () => this.#model.pools,
      orders: () => this.#keeper.orders(),
      onCounts: (process, counts) => this.#keeper.counted(process, counts),
      onGeneration: (generation) => generation !== this.#installed?.generation && this.#engine.remind(),
      onProcessGone: (process) => this.#keeper.forget(process),
      report,
    });
  }

  /** @throws WeirError certificate-unusable */
  #load(model: Layer7): Certificates {
    return loadCertificates(model.listeners, this.#options.folder, Date.now());
  }

  #reportEnds(): void {
    for (const line of certificatesThatEnd(this.#certificates, Date.now())) this.#options.log('warning', line);
  }

  #output(line: string): void {
    if (line === '') return;
    if (this.#log === undefined || !ACCESS_LINE.test(line)) this.#options.log('warning', line);
    else this.#log.add(`${line}\n`);
  }

  #make(): Made {
    const orders = this.#keeper.orders();
    return { ...makeText(this.#options, this.#model, this.#certificates, orders, this.#secret), verdicts: verdictsOf(orders) };
  }

  /** Verdicts or weights changed. */
  #follow(): void {
    void this.#runtime?.sync();
    this.#pacer?.want(verdictsOf(this.#keeper.orders()) !== this.#installed?.verdicts);
  }

  #reloadEngine(): void {
    try {
      this.#engine.reload();
    } catch (error) {
      if (!isWeirError(error)) throw error;
      this.#options.log('error', `${this.#options.program.name} does not follow the verdicts: ${error.message}`);
      this.#pacer?.want(false);
    }
  }

  #status(): ProxyStatus {
    return {
      pid: process.pid,
      engine: this.#options.program.name,
      listeners: this.#model.listeners.map((listener) => ({ name: listener.name, at: endpointText(listener) })),
      processes: [{ number: 0, pid: this.#engine.pid ?? null, clients: 0 }],
      draining: 0,
      pools: this.#keeper.status(),
    };
  }

  /** A reload. What cannot be followed changes nothing, and is logged. `read`: may throw, too. */
  reload(read: () => Layer7): void {
    const before = { model: this.#model, certificates: this.#certificates };
    try {
      const model = read();
      const certificates = this.#load(model);
      acceptLosses(makeText(this.#options, model, certificates, [], this.#secret), this.#options);
      this.#model = model;
      this.#certificates = certificates;
      this.#keeper.configure(model.pools);
      this.#engine.reload();
      this.#pacer?.done();
      this.#reportEnds();
      this.#options.log('info', `${this.#options.program.name} reads the new configuration`);
    } catch (error) {
      if (!isWeirError(error) && !isSystemError(error)) throw error;
      this.#model = before.model;
      this.#certificates = before.certificates;
      this.#keeper.configure(before.model.pools);
      this.#options.log('error', `the configuration of before stays in effect: ${error.message}`);
    }
  }

  reopenLogs(): void {
    this.#log?.reopen();
    this.#engine.reopenLogs();
  }

  /** Answers under way end; a second call ends them. `isReplaced`: another service has its place. */
  async end(isReplaced = false): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#runtime?.close();
    this.#pacer?.close();
    this.control.close();
    await this.#engine.end();
    this.#keeper.close(isReplaced);
    this.#log?.flush();
  }
}

/** Which servers get requests. */
const verdictsOf = (orders: readonly PoolOrder[]): string =>
  JSON.stringify(orders.map(({ pool, servers }) => [pool, servers.map(({ server, isUp, weight }) => [server, isUp && weight > 0])]));
