// The daemon from its first line in the log to its last: configuration, pid files, scripts, children, signals, reload, end.

import { existsSync } from 'node:fs';
import { release as kernelRelease, version as kernelVersion } from 'node:os';
import { basename } from 'node:path';
import { resourceUsage } from 'node:process';
import { publishedBfd } from '../../host/published-bfd.js';
import { publishedVrrp } from '../../host/published-vrrp.js';
import { mistakeText } from '../../model/errors/message-of.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log, LogLevel } from '../../model/log-level.js';
import { endProcess } from '../../sys/processes/end-process.js';
import { giveMemoryBack, releaseAfterStart } from '../../sys/processes/memory.js';
import { reapOrphans } from '../../sys/processes/orphans.js';
import { dumpParent } from '../dump-files/parent-dump.js';
import { openLog, writeOut } from '../log/log.js';
import { commandLines } from '../log/log-text.js';
import type { MailEvent } from '../mail/compose.js';
import { Mailer } from '../mail/mailer.js';
import { enterNamespace } from '../process/enter-namespace.js';
import { coverInterfaces, sweepLeftovers } from '../process/interface-cover.js';
import { type BfdStates, type DumpKind, EXIT, type VrrpStates } from '../process/messages.js';
import { OnceATurn } from '../process/once-a-turn.js';
import { PidFileKeeper } from '../process/pid-file-keeper.js';
import { nameProcess } from '../process/process-name.js';
import { handleSignals } from '../process/signals.js';
import { PROCESS_KINDS, PROCESSES } from '../processes.js';
import type { DaemonChild } from './children/child-process.js';
import { LIVENESS_INTERVAL_MS } from './children/liveness.js';
import type { DaemonOptions } from './daemon-options.js';
import { identSuffix } from './ident-suffix.js';
import type { Loaded } from './reload/loaded.js';
import { ReloadAnswers } from './reload/reload-answers.js';
import { ReloadClock } from './reload/reload-clock.js';
import { makeReloadFile, reloadFilePath, removeReloadFile } from './reload/reload-file.js';
import { Reloader } from './reload/reloader.js';
import { SavedFiles } from './reload/saved-files.js';
import { RunningPublisher } from './running-publisher.js';
import { type ServiceManager, serviceManager } from './service-manager.js';
import { logConfigurationFiles } from './start/configuration-files.js';
import { type PidFiles, pidFilesFor, removeOwnFolders, runningFrom } from './start/pid-file-places.js';
import { runBoundedScript } from './start/startup-script.js';
import { StatePublisher } from './state-publisher.js';
import { Supervisor, type Wanted } from './supervisor.js';

/** keepalived's: what its processes make is for root alone, scripts' files included. */
const UMASK = 0o177;

export interface DaemonProgram {
  readonly options: DaemonOptions;
  /** How the program was called, for the process list: `/usr/sbin/keepalived`. */
  readonly name: string;
  /** The words that were typed, for `Command line:`; of `weir run` they are others. */
  readonly typed: readonly string[];
  /** `v2.2.7 (weir 0.1.0)` */
  readonly release: string;
  readonly load: () => Loaded;
  /** Reads the configuration at a reload; absent: `load`. */
  readonly loadAgain?: () => Promise<Loaded>;
  /** How often the processes make sure of each other, ms; absent: a second. */
  readonly livenessIntervalMs?: number;
  /** The VRRP process, where it was started already: each millisecond of a start counts. */
  readonly early?: DaemonChild;
  /** It runs and its pid file is there: who started it in the background may go. */
  readonly started: () => void;
}

function logStart({ options, typed, release }: DaemonProgram, log: Log): void {
  log('info', `Starting Keepalived ${release}`);
  log('info', `Running on Linux ${kernelRelease()} ${kernelVersion()}`);
  for (const line of commandLines(typed)) log('info', line);
  // weir run needs no keepalived.conf
  const files = options.weirFile === undefined ? [options.path] : [options.path, options.weirFile].filter((path) => existsSync(path));
  for (const path of files) log('debug', `Opening file '${path}'.`);
  if (options.notActedOn.length > 0) log('notice', `without effect in weir: ${options.notActedOn.join(' ')} (docs/keepalived.md)`);
}

/** The last line, and the daemon's use of the processor before it where details are wanted. */
function logStopped(log: Log, release: string): void {
  const { userCPUTime, systemCPUTime } = resourceUsage();
  log('debug', `CPU usage (self) user: ${(userCPUTime / 1e6).toFixed(6)} system: ${(systemCPUTime / 1e6).toFixed(6)}`);
  log('info', `Stopped Keepalived ${release}`);
}

class Daemon {
  readonly #opened;
  readonly #manager: ServiceManager = serviceManager();
  readonly #supervisor: Supervisor;
  readonly #ended: Promise<number>;
  readonly #saved: SavedFiles;
  readonly #vrrpStates: StatePublisher<VrrpStates>;
  readonly #bfdStates: StatePublisher<BfdStates>;
  readonly #running: RunningPublisher;
  readonly #clock: ReloadClock;
  readonly #answers: ReloadAnswers;
  #reloader: Reloader | undefined;
  /** HUP came before the daemon was at work: the file may have changed since it was read. */
  #reloadAsked = false;
  readonly #dumps = new OnceATurn<DumpKind>((what) => this.#dumpNow(what));
  #endCover: (() => Promise<void>) | undefined;
  /** Behind the names in syslog: `_INSTANCE`. */
  #suffix = '';

  constructor(readonly program: DaemonProgram) {
    const { options, livenessIntervalMs: beatMs = LIVENESS_INTERVAL_MS } = program;
    this.#opened = openLog(options.log, 'Keepalived');
    let ended: (status: number) => void = () => {};
    this.#ended = new Promise((done) => {
      ended = done;
    });
    const reloadWanted = (): void => this.#onReloadWanted();
    this.#answers = new ReloadAnswers(this.log);
    this.#saved = new SavedFiles(this.log);
    this.#vrrpStates = new StatePublisher('VRRP', publishedVrrp, this.log);
    this.#bfdStates = new StatePublisher('BFD', publishedBfd, this.log);
    this.#running = new RunningPublisher(options, this.log);
    this.#clock = new ReloadClock(this.log, reloadWanted);
    let mailer: Mailer | undefined;
    const mail = (event: MailEvent): void => {
      const reloader = this.#reloader;
      if (reloader === undefined) return;
      mailer ??= new Mailer(this.log, () => reloader.configuration.global);
      mailer.send(event);
    };
    this.#supervisor = new Supervisor({
      options,
      log: this.log,
      livenessIntervalMs: beatMs,
      console: options.foreground,
      onEnd: ended,
      onReloadWanted: reloadWanted,
      onMail: mail,
      onVrrpStates: (states) => this.#vrrpStates.publish(states),
      onBfdStates: (states) => this.#bfdStates.publish(states),
    });
    // The first process of a container inherits what others leave behind.
    if (process.pid === 1) reapOrphans();
    // As early as can be: without their listeners some signals end node, and one opens its debugger.
    process.on('uncaughtException', (error) => this.#failed(error));
    process.on('unhandledRejection', (error) => this.#failed(error as Error));
    handleSignals({ stop: () => this.#stop(), reload: reloadWanted, dump: (what) => this.#dumps.ask(what) });
  }

  get log(): Log {
    return this.#opened.log;
  }

  #onReloadWanted(): void {
    if (this.#reloader === undefined) this.#reloadAsked = true;
    else this.#reloader.request();
  }

  #stop(): void {
    this.#dumps.flush();
    this.log('info', 'Stopping');
    this.#manager.notify('STOPPING=1');
    this.#clock.close();
    this.#supervisor.stop();
  }

  /** A mistake of ours. The children see the channel closed and stop in their order; a service manager starts us again. */
  #failed(error: Error): void {
    this.log('error', mistakeText(error));
    endProcess(EXIT.software);
  }

  #dumpNow(what: DumpKind): void {
    if (this.#reloader === undefined) return;
    // Programs signal and then read what VRRP writes: that comes first.
    this.#supervisor.dump(what);
    if (what === 'data') dumpParent(this.#reloader.configuration, this.#suffix, this.log);
  }

  #exit(status: number): number {
    this.#supervisor.abandon();
    logStopped(this.log, this.program.release);
    return status;
  }

  async run(): Promise<number> {
    const { options, load } = this.program;
    process.umask(options.umask ?? UMASK);
    this.#supervisor.prepare(this.program.early);
    logStart(this.program, this.log);
    const loaded = load();
    for (const { level, text } of loaded.messages) this.log(level, text);
    const { configuration } = loaded;
    if (configuration === undefined) return this.#exit(loaded.outcome === 'missing' ? EXIT.noConfig : EXIT.config);
    logConfigurationFiles(options, this.log);
    this.#suffix = identSuffix(options, configuration);
    if (this.#suffix !== '') {
      this.log('info', `Changing syslog ident to Keepalived${this.#suffix}`);
      this.#opened.rename(`Keepalived${this.#suffix}`);
    }
    process.umask(options.umask ?? configuration.global.umask ?? UMASK);
    nameProcess(configuration.global.processes.parent.name ?? 'keepalived', [this.program.name, ...options.argv]);
    const netNamespace = options.netNamespace ?? configuration.root.netNamespace;
    const files = pidFilesFor(options, { ...configuration.root, ...(netNamespace === undefined ? {} : { netNamespace }) });
    try {
      if (netNamespace !== undefined) enterNamespace(netNamespace);
    } catch (error) {
      this.log('error', (error as Error).message);
      return this.#exit(EXIT.fatal);
    }
    const other = this.#otherDaemon(files);
    if (other !== undefined) {
      const { path, pid } = other;
      this.log('error', 'daemon is already running');
      this.#logLoudly('error', `${path} is that of process ${pid}: one beside it needs pid files of its own (-p, -r, -c, -b)`);
      this.#supervisor.abandon();
      // keepalived's status, which its users' scripts know
      return this.program.options.weirFile === undefined ? EXIT.ok : EXIT.fatal;
    }
    removeReloadFile(reloadFilePath(configuration.global, files.folder), this.log);
    this.#saved.save(configuration.global, loaded.files ?? []);
    const pidFile = new PidFileKeeper(files.parent, (level, text) => this.#logLoudly(level, text));
    try {
      pidFile.write();
    } catch {
      this.#logLoudly('error', `pidfile_write : Cannot open ${files.parent} pidfile`);
      return this.#exit(EXIT.ok);
    }
    this.#answers.open();
    this.program.started();
    const status = await this.#supervise(configuration, files, loaded.damage);
    this.#answers.close();
    this.#vrrpStates.close();
    this.#bfdStates.close();
    this.#running.close();
    pidFile.remove();
    removeOwnFolders(files);
    return this.#exit(status);
  }

  /** To standard error as well: who started the daemon may not look into the log. */
  #logLoudly(level: LogLevel, text: string): void {
    this.log(level, text);
    if (!this.program.options.log.console) writeOut(2, `${basename(this.program.name)}: ${text}\n`);
  }

  /** Which of the files that this daemon would use another one has; what a dead one left is logged. */
  #otherDaemon(files: PidFiles): { readonly path: string; readonly pid: number } | undefined {
    const { parts } = this.program.options;
    const own = [files.parent, ...PROCESS_KINDS.flatMap((kind) => (parts[kind] ? (files[kind] ?? []) : []))];
    for (const path of own) {
      const pid = runningFrom(path);
      if (pid !== undefined) return { path, pid };
    }
    for (const path of own) if (existsSync(path)) this.log('info', `Remove a zombie pid file ${path}`);
    return undefined;
  }

  async #supervise(configuration: KeepalivedConfiguration, files: PidFiles, damage: Loaded['damage']): Promise<number> {
    const { startupScript } = configuration.global;
    if (startupScript !== undefined) await runBoundedScript('startup', startupScript, configuration.global, this.log);
    const { load, loadAgain, options } = this.program;
    const place = (global: KeepalivedConfiguration['global']) => reloadFilePath(global, files.folder);
    this.#reloader = new Reloader(
      {
        load: loadAgain ?? load,
        log: this.log,
        manager: this.#manager,
        supervisor: this.#supervisor,
        files: options,
        reading: (global) => {
          this.#answers.begin();
          makeReloadFile(place(global), this.log);
        },
        read: (global, loaded) => {
          removeReloadFile(place(global), this.log);
          const next = loaded.configuration?.global;
          if (next === undefined) return;
          removeReloadFile(place(next), this.log);
          this.#saved.save(next, loaded.files ?? []);
        },
        over: (global, answer) => {
          if (answer.taken) this.#taken();
          this.#answers.end(answer);
          this.#clock.configure(global.reloadTime);
          giveMemoryBack();
        },
      },
      configuration,
      damage,
    );
    void this.#begin(configuration, files);
    const status = await this.#ended;
    await this.#endCover?.();
    const last = this.#reloader.configuration.global;
    if (last.shutdownScript !== undefined) await runBoundedScript('shutdown', last.shutdownScript, last, this.log);
    return status;
  }

  async #begin(configuration: KeepalivedConfiguration, files: PidFiles): Promise<void> {
    const manager = this.#manager;
    if (manager.watchdogMs !== undefined) setInterval(() => manager.notify('WATCHDOG=1'), manager.watchdogMs / 2);
    const wanted = { configuration, childOptions: this.#childOptions(configuration, files) };
    if (!(await this.#supervisor.begin(wanted))) return;
    this.#clock.configure(configuration.global.reloadTime);
    if (this.#supervisor.running.length === 0) this.log('warning', 'Warning - keepalived has no configuration to run');
    else this.log('info', 'Startup complete');
    this.#publishRunning();
    manager.notify('READY=1');
    await this.#logNotApplied(configuration);
    this.#endCover = coverInterfaces(this.log);
    sweepLeftovers();
    releaseAfterStart(giveMemoryBack);
    if (this.#reloadAsked) this.#reloader?.request();
  }

  #taken(): void {
    this.#publishRunning();
    if (this.#reloader !== undefined) void this.#logNotApplied(this.#reloader.configuration);
  }

  /** Of keepalived nothing more is loaded for it. */
  async #logNotApplied({ weir }: KeepalivedConfiguration): Promise<void> {
    const { weirFile } = this.program.options;
    if (weir === undefined || weirFile === undefined) return;
    const { logNotApplied } = await import('./start/log-not-applied.js');
    logNotApplied(weirFile, weir, this.log);
  }

  #publishRunning(): void {
    if (this.#reloader !== undefined) this.#running.publish(this.#reloader.configuration, this.#reloader.damage, this.#suffix);
  }

  #childOptions({ root, global }: KeepalivedConfiguration, files: PidFiles): Wanted['childOptions'] {
    const { options, livenessIntervalMs: beatMs = LIVENESS_INTERVAL_MS } = this.program;
    return (kind, respawned) => {
      const common = options.netNamespace ?? root.netNamespace;
      const own = PROCESSES[kind].netNamespace?.(root);
      const netNamespace = own ?? common;
      return {
        log: options.log,
        identSuffix: this.#suffix,
        ...(files[kind] === undefined ? {} : { pidFile: files[kind] }),
        umask: options.umask ?? global.umask ?? UMASK,
        keepAddresses: options.keepAddresses,
        keepServers: options.keepServers,
        dump: options.dump,
        ownNamespace: own !== undefined && own !== (common ?? ''),
        ...(netNamespace === undefined || netNamespace === '' ? {} : { netNamespace }),
        words: [this.program.name, ...options.argv],
        livenessIntervalMs: beatMs,
        respawned,
      };
    };
  }
}

/** Runs the daemon in this process; resolves with its exit status. */
export function runDaemon(program: DaemonProgram): Promise<number> {
  return new Daemon(program).run();
}
