// The daemon from its first line in the log to its last: configuration, pid files, scripts, children, signals, reload, end.
import { release as kernelRelease, version as kernelVersion } from 'node:os';
import { resourceUsage } from 'node:process';
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import { dumpParent } from './dump/parent.js';
import { BEAT_MS } from './heartbeat.js';
import { type Log, openLog } from './log.js';
import { commandLines, type LogLevel } from './log-text.js';
import { type ChildKind, type ChildOptions, EXIT } from './messages.js';
import type { DaemonOptions } from './options.js';
import { type PidFiles, pidFilesFor, removePidFile, runningFrom, writePidFile } from './pid-files.js';
import { nameProcess } from './process-name.js';
import { Reloader } from './reloader.js';
import { type ServiceManager, serviceManager } from './service-manager.js';
import { obeySignals } from './signals.js';
import { runBoundedScript } from './startup-script.js';
import { Supervisor } from './supervisor.js';

/** keepalived's: what its processes make is for root alone, scripts' files included. */
const UMASK = 0o177;

/** A configuration as it was read, and what to tell about it. */
export interface Loaded {
  readonly messages: readonly { readonly level: LogLevel; readonly text: string }[];
  /** Absent: it cannot be used. */
  readonly configuration?: KeepalivedConfiguration;
  /** Why not: no such file, or a fatal line. `ok` may have messages; `errors`: -t would not answer 0. */
  readonly outcome: 'ok' | 'errors' | 'missing' | 'fatal';
}

export interface DaemonProgram {
  readonly options: DaemonOptions;
  /** How the program was called, for `Command line:`. */
  readonly name: string;
  /** `v2.2.7 (weir 0.1.0)` */
  readonly release: string;
  readonly load: () => Loaded;
  /** How often the processes make sure of each other, ms; absent: a second. */
  readonly beatMs?: number;
  /** How node runs a child. */
  readonly childFlags?: (kind: ChildKind) => readonly string[];
  /** It runs and its pid file is there: who started it in the background may go. */
  readonly started: () => void;
}

/** `_INSTANCE` behind the names in syslog. */
function identSuffix(options: DaemonOptions, { root }: KeepalivedConfiguration): string {
  const parts = [options.netNamespace ?? root.netNamespace, root.instanceName].filter((part) => part !== undefined);
  return parts.map((part) => `_${part}`).join('');
}

function announce({ options, name, release }: DaemonProgram, log: Log): void {
  log('info', `Starting Keepalived ${release}`);
  log('info', `Running on Linux ${kernelRelease()} ${kernelVersion()}`);
  for (const line of commandLines([name, ...options.argv])) log('info', line);
  log('debug', `Opening file '${options.path}'.`);
  if (options.notActedOn.length > 0) log('notice', `without effect in weir: ${options.notActedOn.join(' ')} (docs/keepalived.md)`);
}

/** The last line, and the daemon's use of the processor before it where details are wanted. */
function farewell(log: Log, release: string): void {
  const { userCPUTime, systemCPUTime } = resourceUsage();
  log('debug', `CPU usage (self) user: ${(userCPUTime / 1e6).toFixed(6)} system: ${(systemCPUTime / 1e6).toFixed(6)}`);
  log('info', `Stopped Keepalived ${release}`);
}

class Daemon {
  readonly #opened;
  readonly #manager: ServiceManager = serviceManager();

  constructor(readonly program: DaemonProgram) {
    this.#opened = openLog(program.options.log, 'Keepalived');
  }

  get log(): Log {
    return this.#opened.log;
  }

  #leave(status: number): number {
    farewell(this.log, this.program.release);
    return status;
  }

  async run(): Promise<number> {
    const { options, load } = this.program;
    process.umask(options.umask ?? UMASK);
    announce(this.program, this.log);
    const loaded = load();
    for (const { level, text } of loaded.messages) this.log(level, text);
    const { configuration } = loaded;
    if (configuration === undefined) return this.#leave(loaded.outcome === 'missing' ? EXIT.noConfig : EXIT.config);
    this.log('info', `Configuration file ${options.path}`);
    const suffix = identSuffix(options, configuration);
    if (suffix !== '') {
      this.log('info', `Changing syslog ident to Keepalived${suffix}`);
      this.#opened.rename(`Keepalived${suffix}`);
    }
    process.umask(options.umask ?? configuration.global.umask ?? UMASK);
    nameProcess(configuration.global.processes.parent.name ?? 'keepalived', options.argv);
    const netNamespace = options.netNamespace ?? configuration.root.netNamespace;
    const files = pidFilesFor(options, { ...configuration.root, ...(netNamespace === undefined ? {} : { netNamespace }) });
    if (Object.values(files).some((path) => this.#taken(path))) return EXIT.ok;
    try {
      writePidFile(files.parent);
    } catch {
      this.log('error', `pidfile_write : Cannot open ${files.parent} pidfile`);
      return this.#leave(EXIT.ok);
    }
    this.program.started();
    return this.#supervise(configuration, files, suffix);
  }

  #taken(path: string): boolean {
    const pid = runningFrom(path);
    if (pid !== undefined) this.log('error', 'daemon is already running');
    return pid !== undefined;
  }

  async #supervise(configuration: KeepalivedConfiguration, files: PidFiles, suffix: string): Promise<number> {
    const { startupScript, shutdownScript } = configuration.global;
    if (startupScript !== undefined) await runBoundedScript('startup', startupScript, this.log);
    const status = await this.#watch(configuration, files, suffix);
    if (shutdownScript !== undefined) await runBoundedScript('shutdown', shutdownScript, this.log);
    removePidFile(files.parent);
    return this.#leave(status);
  }

  #childOptions(configuration: KeepalivedConfiguration, files: PidFiles, suffix: string) {
    const { options } = this.program;
    return (kind: ChildKind, respawned: boolean): ChildOptions => {
      const { netNamespace, ipvsNamespace } = configuration.root;
      const namespace = options.netNamespace ?? (kind === 'checker' ? (ipvsNamespace ?? netNamespace) : netNamespace);
      return {
        log: options.log,
        identSuffix: suffix,
        pidFile: files[kind],
        keepAddresses: options.keepAddresses,
        keepServers: options.keepServers,
        ...(namespace === undefined ? {} : { netNamespace: namespace }),
        argv: options.argv,
        beatMs: this.program.beatMs ?? BEAT_MS,
        respawned,
      };
    };
  }

  /** Runs the children until somebody ends the daemon; its exit status. */
  #watch(configuration: KeepalivedConfiguration, files: PidFiles, suffix: string): Promise<number> {
    return new Promise((ended) => {
      const manager = this.#manager;
      let reload = (): void => {};
      const supervisor = new Supervisor(
        {
          options: this.program.options,
          log: this.log,
          childOptions: this.#childOptions(configuration, files, suffix),
          beatMs: this.program.beatMs ?? BEAT_MS,
          childFlags: this.program.childFlags ?? (() => []),
          ended,
          reloadWanted: () => reload(),
        },
        configuration,
      );
      const reloader = new Reloader(
        { load: this.program.load, log: this.log, manager, supervisor, path: this.program.options.path },
        configuration,
      );
      reload = () => reloader.request();
      obeySignals({
        stop: () => {
          this.log('info', 'Stopping');
          manager.tell('STOPPING=1');
          supervisor.stop();
        },
        reload,
        dump: (what) => {
          if (what === 'data') dumpParent(reloader.configuration, this.log);
          supervisor.dump(what);
        },
      });
      if (manager.watchdogMs !== undefined) setInterval(() => manager.tell('WATCHDOG=1'), manager.watchdogMs / 2);
      void supervisor.start().then(() => {
        if (supervisor.running.length === 0) this.log('warning', 'Warning - keepalived has no configuration to run');
        else this.log('info', 'Startup complete');
        manager.tell('READY=1');
      });
    });
  }
}

/** Runs the daemon in this process; resolves with its exit status. */
export function runDaemon(program: DaemonProgram): Promise<number> {
  return new Daemon(program).run();
}
