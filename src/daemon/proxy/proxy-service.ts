// The proxy of a host: its processes under their supervisor, its servers' health and weights, and the socket at which both can be asked for.
import { certificatesThatEnd, loadCertificates } from '../../host/certificates.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { ProxyStatus } from '../../model/layer7/pool-status.js';
import type { Log } from '../../model/log-level.js';
import { isSystemError } from '../../sys/errno.js';
import { ControlSocket } from './control-socket.js';
import type { ProxySettings } from './messages.js';
import { PoolKeeper } from './pool-keeper.js';
import { ProxySupervisor, type SupervisorOptions } from './supervisor.js';

const DAY_MS = 86_400_000;

/** The certificates are read here. */
export type ServiceSettings = Omit<ProxySettings, 'certificates'>;

export interface ServiceOptions extends Omit<SupervisorOptions, 'servers' | 'report'> {
  readonly log: Log;
  /** What paths of certificates are relative to. */
  readonly folder: string;
}

/** What of a file only an engine serves, a line each. */
export const leftToEngines = (listeners: readonly Listener[]): readonly string[] =>
  listeners
    .filter(({ tls }) => tls?.http2 === true)
    .map(({ name }) => `listener ${name}: http2 has no effect here: the proxy has HTTP/1.1 alone, an engine has both (weir engine)`);

export class ProxyService {
  readonly #keeper: PoolKeeper;
  readonly #supervisor: ProxySupervisor;
  readonly control: ControlSocket;
  readonly #log: Log;
  readonly #folder: string;
  readonly #daily: NodeJS.Timeout;

  /** @throws WeirError proxy-listen, certificate-unusable */
  constructor(given: ServiceSettings, options: ServiceOptions) {
    const { log, folder, ...others } = options;
    this.#log = log;
    this.#folder = folder;
    const settings = this.#withCertificates(given);
    let supervisor: ProxySupervisor | undefined;
    this.#keeper = new PoolKeeper({ pools: settings.model.pools, log, onChange: () => supervisor?.sendOrders() });
    try {
      supervisor = new ProxySupervisor(settings, { ...others, report: (text) => log('warning', text), servers: this.#keeper });
    } catch (error) {
      this.#keeper.close();
      throw error;
    }
    this.#supervisor = supervisor;
    this.#reportEnds();
    this.control = new ControlSocket(this.#keeper, () => this.#status(), log);
    this.#daily = setInterval(() => this.#reportEnds(), DAY_MS).unref();
  }

  /** @throws WeirError certificate-unusable */
  #withCertificates(settings: ServiceSettings): ProxySettings {
    const certificates = loadCertificates(settings.model.listeners, this.#folder, Date.now());
    for (const line of leftToEngines(settings.model.listeners)) this.#log('warning', line);
    return { ...settings, certificates };
  }

  /** Those that end soon. */
  #reportEnds(): void {
    for (const line of certificatesThatEnd(this.#supervisor.settings.certificates, Date.now())) this.#log('warning', line);
  }

  #status(): ProxyStatus {
    return { pid: process.pid, ...this.#supervisor.status(), pools: this.#keeper.status() };
  }

  /** Every process serves. */
  async ready(): Promise<void> {
    await this.#supervisor.ready();
    const { listeners, processes } = this.#supervisor.status();
    const pids = processes.map(({ pid }) => pid).join(' ');
    this.#log('info', `serves ${listeners.map(({ at }) => at).join(', ')} with ${processes.length} processes (${pids})`);
  }

  /** A reload. Settings that cannot be followed change nothing, and are logged. `read`: may throw, too. */
  async reload(read: () => ServiceSettings): Promise<void> {
    try {
      await this.#supervisor.reload(this.#withCertificates(read()));
      // of a later reload, where that was quicker
      this.#keeper.configure(this.#supervisor.settings.model.pools);
      this.#reportEnds();
      this.#log('info', 'the new configuration is in effect');
    } catch (error) {
      if (!isWeirError(error) && !isSystemError(error)) throw error;
      this.#log('error', `the configuration of before stays in effect: ${error.message}`);
    }
  }

  /** New processes of the installed program. */
  async replace(): Promise<void> {
    try {
      await this.#supervisor.replace();
      this.#log('info', 'new processes serve; the old ones drain');
    } catch (error) {
      if (!isWeirError(error)) throw error;
      this.#log('error', error.message);
    }
  }

  reopenLogs(): void {
    this.#supervisor.reopenLogs();
  }

  /** Drains all processes; resolves when they ended. A second call kills them. `isReplaced`: another service has its place. */
  async end(isReplaced = false): Promise<void> {
    clearInterval(this.#daily);
    this.control.close();
    await this.#supervisor.end(isReplaced);
    this.#keeper.close(isReplaced);
  }
}
