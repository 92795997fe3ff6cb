// The checker process: gives the machine of health checks its inputs (outcomes, reports of trackers, what came of changes to the table)
// and carries out its effects. It is a process of its own, so that nothing here delays VRRP.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { chanceFrom } from '../../control/chance.js';
import { configuredOwners } from '../../control/check/attempt-owners.js';
import { configureInput } from '../../control/check/configure-input.js';
import { changesHealth } from '../../control/check/health.js';
import { maintainedReals } from '../../control/check/maintained-reals.js';
import type { CheckEffect, CheckInput } from '../../control/check/messages.js';
import { RememberedKeys, rememberedOf } from '../../control/check/remembered.js';
import { type CheckMachine, initialChecks } from '../../control/check/state.js';
import { step } from '../../control/check/step.js';
import { daemonKeeper, wantedDaemons } from '../../control/sync/daemon-steps.js';
import type { Director } from '../../datapath/director.js';
import { virtualServerLines } from '../../dump/virtual-servers.js';
import type { DrainTarget } from '../../model/drain/drain-target.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import { hostClocks } from '../dump-files/host-clocks.js';
import { globalText } from '../dump-files/parent-dump.js';
import { ReloadRecord } from '../dump-files/reload-record.js';
import { dataPath, writeDump } from '../dump-files/write-dump.js';
import type { BfdEvent, DumpKind, FromChild } from '../process/messages.js';
import type { Part } from '../process/part.js';
import { StepLoop } from '../process/step-loop.js';
import { ScriptBook } from '../scripts/script-book.js';
import { DaemonKeeper } from '../sync/daemon-keeper.js';
import { KernelPlane } from '../sync/kernel-plane.js';
import { daemonsIn } from '../sync/run-daemon-step.js';
import { TrackFiles } from '../trackers/track-files.js';
import { AddressCounts } from './address-counts.js';
import { attemptTools } from './attempts/attempt-tools.js';
import { Attempts } from './attempts/attempts.js';
import { CheckCounts } from './check-counts.js';
import { CheckNotifier } from './check-notifier.js';
import { CheckPublisher } from './check-publisher.js';
import { HealthRecord } from './health-record.js';
import type { WatchMaintenance } from './maintenance-watch.js';
import { ServerAttempts } from './server-attempts.js';
import { TableKeeper } from './table-keeper.js';

/** Three seconds: the supervisor kills a child after five (child_wait_time). */
const STOP_TRIES_MAX = 150;
const STOP_PAUSE_MS = 20;
/** A check may begin so much later: with thousands a second many begin together, at half the cost. */
const WAKE_EVERY_US = 4000;

export interface CheckerOptions {
  readonly configuration: KeepalivedConfiguration;
  readonly log: Log;
  /** `-I` */
  readonly keepServers: boolean;
  /** Behind its name in syslog and, where wanted, its dump's. */
  readonly identSuffix?: string;
  readonly open: () => Director;
  /** Where the health of servers is kept for the next process. */
  readonly healthFile: string;
  /** Reports what is in maintenance, from within its call, too. */
  readonly watchMaintenance?: WatchMaintenance;
  /** What begins when the table is as it stays, and is waited for. */
  readonly atEnd?: readonly (() => Promise<void>)[];
  /** To the supervisor. */
  readonly send?: (message: FromChild) => void;
}

class Checker implements Part {
  #configuration: KeepalivedConfiguration;
  #scripts: ScriptBook;
  #addresses: AddressCounts | undefined;
  readonly #log: Log;
  readonly #loop: StepLoop<CheckMachine, CheckInput, CheckEffect>;
  readonly #table: TableKeeper;
  readonly #attempts: Attempts;
  readonly #counts: CheckCounts;
  readonly #serverAttempts: ServerAttempts;
  readonly #notifier: CheckNotifier;
  readonly #files: TrackFiles;
  readonly #health: HealthRecord;
  readonly #publisher: CheckPublisher;
  readonly #record: ReloadRecord;
  readonly #daemons: DaemonKeeper;
  readonly #plane: KernelPlane;
  /** What is in maintenance. */
  #maintained: readonly DrainTarget[] = [];
  readonly #maintenance: { close(): void } | undefined;

  constructor(readonly options: CheckerOptions) {
    const { configuration, log } = options;
    this.#configuration = configuration;
    this.#log = log;
    this.#scripts = new ScriptBook(configuration, log);
    this.#loop = new StepLoop({
      initial: initialChecks(),
      step,
      perform: (effects) => this.#perform(effects),
      onWake: () => this.#loop.feed({ kind: 'wake' }),
      wakeEveryUs: WAKE_EVERY_US,
    });
    this.#daemons = new DaemonKeeper({ ...daemonsIn(), log });
    this.#plane = new KernelPlane({
      log,
      configured: () => (daemonKeeper(this.#configuration) === 'checker' ? this.#configuration.global : undefined),
      changed: () => this.#followPlane(),
    });
    this.#record = new ReloadRecord('check', () => this.#dataText(), log);
    this.#table = new TableKeeper(configuration, options.open, log);
    this.#notifier = new CheckNotifier((script) => this.#scripts.resolve(script), log);
    const keys = new RememberedKeys();
    this.#health = new HealthRecord(options.healthFile, () => rememberedOf(this.#loop.state, keys), log);
    this.#publisher = new CheckPublisher(() => this.#loop.state, log);
    this.#files = new TrackFiles((name, value) => this.#loop.feed({ kind: 'file', name, value }), log);
    const tools = attemptTools({ configuration: () => this.#configuration, resolve: (script) => this.#scripts.resolve(script), log });
    this.#counts = new CheckCounts(log);
    this.#serverAttempts = new ServerAttempts(() => this.#loop.state, log);
    this.#attempts = new Attempts(tools, (outcomes) => {
      this.#counts.ended(outcomes);
      this.#serverAttempts.ended(outcomes);
      this.#loop.feed({ kind: 'outcomes', outcomes });
    });
    let isStarted = false;
    this.#maintenance = options.watchMaintenance?.((targets) => {
      this.#maintained = targets;
      if (isStarted) this.#loop.feed({ kind: 'maintenance', reals: this.#maintainedReals() });
    });
    this.#configure({ chance: chanceFrom(randomBytes(16)), hostName: hostname(), remembered: this.#health.read() });
    isStarted = true;
  }

  #maintainedReals(): ReadonlySet<string> {
    return maintainedReals(this.#configuration, this.#maintained);
  }

  #configure(more: Partial<Extract<CheckInput, { kind: 'configure' }>> = {}): void {
    const configuration = this.#configuration;
    this.#scripts = new ScriptBook(configuration, this.#log);
    this.#notifier.configure(configuration);
    this.#table.configure(configuration);
    this.#watchAddresses();
    this.#files.configure(this.#checkedFiles());
    this.#plane.look();
    this.#followPlane();
    this.#loop.feed({ ...configureInput(configuration), maintained: this.#maintainedReals(), ...more });
    this.#serverAttempts.keepConfigured(configuredOwners(this.#loop.state));
  }

  #followPlane(): void {
    const wanted = wantedDaemons(this.#configuration, 'checker');
    this.#daemons.want(this.#plane.needed(wanted), wanted);
  }

  /** Only those that a check asks for. */
  #checkedFiles(): KeepalivedConfiguration['files'] {
    const checks = this.#configuration.virtualServers.flatMap(({ realServers }) => realServers.flatMap(({ checkers }) => checkers));
    const names = new Set(checks.flatMap(({ check }) => (check.kind === 'file' ? [check.trackFile] : [])));
    return this.#configuration.files.filter(({ name }) => names.has(name));
  }

  #watchAddresses(): void {
    const wanted = this.#configuration.virtualServers.some(({ haSuspend }) => haSuspend);
    if (wanted) this.#addresses ??= new AddressCounts((counts) => this.#loop.feed({ kind: 'addresses', counts }));
    if (wanted) return;
    this.#addresses?.close();
    this.#addresses = undefined;
  }

  #perform(effects: readonly CheckEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
    if (effects.some(changesHealth)) this.#publisher.publishSoon();
  }

  #performOne(effect: CheckEffect): void {
    switch (effect.kind) {
      case 'serve':
        this.#table.serve(effect.server, effect.pool);
        break;
      case 'remove':
        this.#table.remove(effect.server);
        break;
      case 'apply':
        this.#loop.feed({ kind: 'applied', result: this.#table.apply() });
        break;
      case 'attempt':
        this.#counts.begun(effect.attempt, effect.lateUs);
        this.#serverAttempts.begun(effect.attempt);
        this.#attempts.start(effect.attempt);
        break;
      case 'abandon':
        this.#counts.abandoned(effect.attempt);
        this.#serverAttempts.abandoned(effect.attempt);
        this.#attempts.abandon(effect.attempt);
        break;
      case 'notify':
        this.#notifier.notify(effect);
        break;
      case 'mail':
        this.options.send?.({ ...effect, type: 'SERVER' });
        break;
      case 'remember':
        this.#health.write();
        break;
      case 'log':
        this.#log(effect.detail === true ? 'debug' : effect.level, effect.text);
    }
  }

  bfd({ name, up }: BfdEvent): void {
    this.#loop.feed({ kind: 'bfd', name, up });
  }

  reload(configuration: KeepalivedConfiguration): Promise<void> {
    return this.#record.around(this.#configuration.global, configuration.global, () => {
      this.#configuration = configuration;
      this.#configure();
    });
  }

  dump(what: DumpKind): void {
    if (what !== 'data') return;
    this.#log('info', `Printing checker data for process(${process.pid}) on signal`);
    writeDump(dataPath('_check', this.#configuration.global, this.options.identSuffix), this.#dataText(), this.#log);
  }

  /** What a dump of the data has. */
  #dataText(): string {
    const lines = virtualServerLines(this.#loop.state, hostClocks());
    return `${globalText(this.#configuration)}${lines.map((line) => `${line}\n`).join('')}`;
  }

  async stop(): Promise<void> {
    this.#addresses?.close();
    this.#maintenance?.close();
    this.#files.close();
    this.#health.flush();
    this.#publisher.close();
    this.#counts.close();
    this.#serverAttempts.close();
    this.#notifier.stopReaders();
    this.#plane.close();
    const daemonsEnded = this.#daemons.close();
    const { lvsFlushOnStop } = this.#configuration.global;
    const { keepServers } = this.options;
    if (lvsFlushOnStop === 'all' && !keepServers && this.#table.size > 0) this.#table.flushAtEnd();
    this.#table.restoreTimeouts();
    this.#loop.feed({ kind: 'stop', keepServers });
    if (keepServers) this.#table.apply();
    this.#attempts.close();
    for (let tries = 1; !keepServers && !this.#table.isSettled && tries < STOP_TRIES_MAX; tries++) await sleep(STOP_PAUSE_MS);
    if (!keepServers && !this.#table.isSettled) {
      const [cause = 'the table is in use'] = this.#loop.state.table.troubles;
      this.#log('error', `virtual servers could not be removed: ${cause}`);
    }
    this.#loop.close();
    await Promise.all([this.#notifier.close(), daemonsEnded]);
    await Promise.all((this.options.atEnd ?? []).map((end) => end()));
  }
}

export function runChecker(options: CheckerOptions): Part {
  return new Checker(options);
}
