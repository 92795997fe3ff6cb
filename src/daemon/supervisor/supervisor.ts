// The parent of the daemon: holds no VRRP and no servers itself, but keeps the processes that do alive, and sends them the configuration.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import type { MailEvent } from '../mail/compose.js';
import {
  type BfdEvent,
  type BfdStates,
  type ChildOptions,
  type DumpKind,
  EXIT,
  type FromChild,
  type VrrpStates,
} from '../process/messages.js';
import { EARLY_PROCESS, PROCESSES, type ProcessKind, processesWanted } from '../processes.js';
import { type ChildEnd, DaemonChild } from './children/child-process.js';
import { endText, isPermanent, PERMANENT_ERRORS } from './children/end-text.js';
import { nextRespawn, type Respawns } from './children/respawn.js';
import type { DaemonOptions } from './daemon-options.js';
import { mountedBpffs } from './start/mounted-bpffs.js';

export interface SupervisorSettings {
  readonly options: DaemonOptions;
  /** The supervisor's tick, ms. */
  readonly livenessIntervalMs: number;
  readonly log: Log;
  /** It has a terminal or its like. */
  readonly console: boolean;
  /** All is over: the daemon's exit status. */
  readonly onEnd: (status: number) => void;
  readonly onReloadWanted: () => void;
  readonly onMail: (event: MailEvent) => void;
  readonly onVrrpStates: (states: VrrpStates) => void;
  readonly onBfdStates: (states: BfdStates) => void;
}

/** What the children are given. */
export interface Wanted {
  readonly configuration: KeepalivedConfiguration;
  readonly childOptions: (kind: ProcessKind, respawned: boolean) => ChildOptions;
}

interface Slot {
  child: DaemonChild;
  respawns: Respawns;
  /** One for each request that is not in effect yet; the child answers them in their order. */
  readonly waiting: (() => void)[];
}

export class Supervisor {
  readonly #slots = new Map<ProcessKind, Slot>();
  /** Of those that died and will be started again. */
  readonly #timers = new Map<ProcessKind, NodeJS.Timeout>();
  #ticker: NodeJS.Timeout | undefined;
  #early: DaemonChild | undefined;
  #wanted: Wanted | undefined;
  /** The last event of each BFD session, for a process that is started again. */
  readonly #bfd = new Map<string, BfdEvent>();
  #stopping: number | undefined;

  constructor(readonly settings: SupervisorSettings) {}

  /** Lets the VRRP process load while the configuration is still being read: it is nearly always wanted, and a start counts in ms. */
  prepare(started?: DaemonChild): void {
    if (this.settings.options.parts[EARLY_PROCESS]) this.#early = this.#listen(EARLY_PROCESS, started ?? this.#spawn(EARLY_PROCESS));
  }

  /** Nothing will be started. */
  abandon(): void {
    this.#early?.kill();
    this.#early = undefined;
  }

  /** Starts what the configuration needs; resolves when all of it is at work: false where the end came first. */
  async begin(wanted: Wanted): Promise<boolean> {
    if (this.#stopping !== undefined) return false;
    this.#wanted = wanted;
    this.#ticker = setInterval(() => this.#tick(), this.settings.livenessIntervalMs);
    const started = this.#start(wanted);
    this.abandon();
    await started;
    return this.#stopping === undefined;
  }

  /** Starts what the configuration needs and does not run yet; resolves when all that was started is at work. */
  async #start({ configuration }: Wanted): Promise<void> {
    const kinds = processesWanted(this.settings.options, configuration).filter((kind) => !this.#slots.has(kind));
    await Promise.all(
      kinds.map((kind) => (PROCESSES[kind].capabilities === undefined ? this.#launch(kind, {}, false) : this.#launchBounded(kind))),
    );
  }

  /** Of what a later reload started meanwhile there is no second one. */
  async #launchBounded(kind: ProcessKind): Promise<void> {
    await mountedBpffs(this.settings.log);
    if (!this.#slots.has(kind) && this.#stopping === undefined) await this.#launch(kind, {}, false);
  }

  get running(): readonly ProcessKind[] {
    return [...this.#slots.keys()];
  }

  /**
   * Gives the new configuration to all that run and starts what it needs besides; resolves when all have taken it: false where the end
   * came first, for reading takes its time, and nothing begins after that.
   */
  async reload(configuration: KeepalivedConfiguration): Promise<boolean> {
    if (this.#wanted === undefined || this.#stopping !== undefined) return false;
    this.#wanted = { ...this.#wanted, configuration };
    for (const name of this.#bfd.keys()) if (!configuration.bfds.some((session) => session.name === name)) this.#bfd.delete(name);
    const taken = [...this.#slots.values()].map(
      (slot) =>
        new Promise<void>((done) => {
          slot.waiting.push(done);
          slot.child.send({ kind: 'reload', configuration });
        }),
    );
    await Promise.all([...taken, this.#start(this.#wanted)]);
    return this.#stopping === undefined;
  }

  dump(what: DumpKind): void {
    for (const { child } of this.#slots.values()) child.send({ kind: 'dump', what });
  }

  /** Ends all children; those that do not end within child_wait_time are killed. `ended` follows. */
  stop(status: number = EXIT.ok): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = status;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const { child } of this.#slots.values()) child.send({ kind: 'stop' });
    if (this.#slots.size === 0) this.#finish();
    else setTimeout(() => this.#force(), (this.#wanted?.configuration.root.childWaitUs ?? 0) / 1000).unref();
  }

  #force(): void {
    for (const [kind, { child }] of this.#slots) {
      this.settings.log('warning', `${PROCESSES[kind].name} process failed to die - forcing termination`);
      child.kill();
    }
  }

  #finish(): void {
    clearInterval(this.#ticker);
    this.settings.onEnd(this.#stopping ?? EXIT.ok);
  }

  #launch(kind: ProcessKind, respawns: Respawns, respawned: boolean): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined) return Promise.resolve();
    // A reload starts one that died before its time has come: it must not come twice.
    clearTimeout(this.#timers.get(kind));
    this.#timers.delete(kind);
    return new Promise((done) => {
      const child = (kind === EARLY_PROCESS ? this.#takeEarly() : undefined) ?? this.#listen(kind, this.#spawn(kind));
      this.#slots.set(kind, { child, respawns, waiting: [done] });
      child.send({ kind: 'start', configuration: wanted.configuration, options: wanted.childOptions(kind, respawned) });
      if (kind === 'vrrp' || kind === 'checker')
        for (const event of this.#bfd.values()) if (event.events[kind]) child.send({ ...event, kind: 'bfd' });
      if (child.pid > 0) this.settings.log('info', `Starting ${PROCESSES[kind].title} child process, pid=${child.pid}`);
    });
  }

  #spawn(kind: ProcessKind): DaemonChild {
    const { options, console } = this.settings;
    const entersNamespace = this.#wanted?.childOptions(kind, false).netNamespace !== undefined;
    return new DaemonChild(kind, { argv: options.argv, console, entersNamespace });
  }

  #listen(kind: ProcessKind, child: DaemonChild): DaemonChild {
    child.listen({
      onMessage: (message) => this.#onMessage(kind, message),
      // One that was never given anything to do leaves without a word.
      onEnd: (end) => this.#slots.get(kind)?.child === child && this.#onEnd(kind, end),
    });
    return child;
  }

  /** The one that waits, unless it died meanwhile. */
  #takeEarly(): DaemonChild | undefined {
    const child = this.#early;
    this.#early = undefined;
    return child?.gone === false ? child : undefined;
  }

  #onMessage(kind: ProcessKind, message: FromChild): void {
    if (message.kind === 'reloadWanted') this.settings.onReloadWanted();
    if (message.kind === 'mail') this.settings.onMail(message);
    if (message.kind === 'bfd') this.#onBfdEvent(message);
    if (message.kind === 'vrrpStates') this.settings.onVrrpStates(message);
    if (message.kind === 'bfdStates') this.settings.onBfdStates(message);
    if (message.kind !== 'ready' && message.kind !== 'reloaded') return;
    this.#slots.get(kind)?.waiting.shift()?.();
  }

  #onBfdEvent(event: BfdEvent): void {
    this.#bfd.set(event.name, event);
    for (const kind of ['vrrp', 'checker'] as const) if (event.events[kind]) this.#slots.get(kind)?.child.send({ ...event, kind: 'bfd' });
  }

  #onEnd(kind: ProcessKind, end: ChildEnd): void {
    const slot = this.#slots.get(kind);
    this.#slots.delete(kind);
    for (const done of slot?.waiting.splice(0) ?? []) done();
    if (this.#stopping !== undefined) {
      if (this.#slots.size === 0) this.#finish();
      return;
    }
    const { log, options } = this.settings;
    const { title } = PROCESSES[kind];
    const text = endText(end);
    if (text !== undefined) log('error', text);
    // What no respawn fixes ends the daemon, as with keepalived, but only for VRRP's own sake: addresses never go because of servers.
    if (PROCESSES[kind].endsDaemon && isPermanent(end.status)) {
      log('error', `pid ${end.pid} exited with permanent error ${PERMANENT_ERRORS[end.status]}. Terminating`);
      this.stop(end.status);
      return;
    }
    if (!options.respawn) {
      log('error', `${title} child process(${end.pid}) died: Exiting`);
      log('info', 'Stopping');
      this.stop();
      return;
    }
    log('error', `${title} child process(${end.pid}) died: Respawning`);
    this.#respawn(kind, slot?.respawns ?? {}, end.livedMs / 1000);
  }

  #respawn(kind: ProcessKind, respawns: Respawns, livedS: number): void {
    const { delayS, past } = nextRespawn(respawns, livedS);
    this.settings.log('info', `Restart of ${PROCESSES[kind].title} process delayed ${delayS} seconds to limit respawn rate`);
    this.#timers.set(
      kind,
      setTimeout(() => void this.#launch(kind, past, true), delayS * 1000),
    );
  }

  #tick(): void {
    for (const [kind, { child }] of this.#slots) {
      const silent = child.liveness.tick();
      // A stop has its own bound.
      if (silent === undefined || this.#stopping !== undefined) continue;
      this.settings.log('error', `${PROCESSES[kind].name} process(${child.pid}) hangs: it was silent for ${silent} seconds - killing it`);
      child.kill();
    }
  }
}
