// The checker process: keeps the virtual servers of the configuration in weir's table. What cannot be set up is tried again; VRRP is not affected.

import { setTimeout as sleep } from 'node:timers/promises';
import { planTable, type ServicePlan } from '../../control/virtual-server/plan.js';
import { changeMessage, checksNotRun, notServedMessage } from '../../control/virtual-server/texts.js';
import type { Director } from '../../datapath/director.js';
import { virtualServerLines } from '../../dump/virtual-servers.js';
import { capability } from '../../model/capabilities.js';
import { isWeirError, type WeirError } from '../../model/errors/weir-error.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { missingForWanted, unservedServers } from '../../model/keepalived/unserved.js';
import { type WantedTable, wantedTable } from '../../model/keepalived/wanted-table.js';
import type { Log, LogLevel } from '../../model/log-level.js';
import { globalText } from '../dump-files/parent-dump.js';
import { ReloadRecord } from '../dump-files/reload-record.js';
import { dataPath, writeDump } from '../dump-files/write-dump.js';
import { NotifyFifos } from '../notify/notify-fifos.js';
import type { DumpKind } from '../process/messages.js';
import type { Part } from '../process/part.js';
import { policyOf, resolveScript } from '../scripts/resolve-script.js';
import { applyPlans, presentTable } from './apply.js';

/** The first retry and the longest pause between two, ms. */
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60_000;
/** How soon a lock is tried again that another process holds, ms: in the first second, and after it. */
const BUSY_RETRY_MS = 20;
const BUSY_RETRY_MAX_MS = 500;
const BUSY_TRIES_MAX = 50;
/** Three seconds: the supervisor kills a child after five (child_wait_time). */
const STOP_TRIES_MAX = 150;

export interface CheckerOptions {
  readonly configuration: KeepalivedConfiguration;
  readonly log: Log;
  /** `-I` */
  readonly keepServers: boolean;
  /** Behind its name in syslog and, where wanted, its dump's. */
  readonly identSuffix?: string;
  readonly open: () => Director;
}

const protocolOf = (table: WantedTable, id: string): string => {
  const key = table.get(id)?.spec.key;
  return key?.kind === 'address' ? key.protocol : 'tcp';
};

class Checker implements Part {
  #configuration: KeepalivedConfiguration;
  /** What of the configuration can be served. */
  #wanted: WantedTable = new Map();
  /** What was made true: ours to remove. */
  #done: WantedTable = new Map();
  #troubles: ReadonlySet<string> = new Set();
  /** The messages about what weir does not do yet: each is logged once. */
  #notYet: ReadonlySet<string> = new Set();
  #retryMs = RETRY_MIN_MS;
  #busyTries = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushed = false;
  readonly #fifos: NotifyFifos;
  readonly #record: ReloadRecord;

  constructor(readonly options: CheckerOptions) {
    this.#configuration = options.configuration;
    this.#record = new ReloadRecord('check', () => this.#text(), options.log);
    this.#fifos = new NotifyFifos((script) => {
      const { script: resolved, messages } = resolveScript(script, policyOf(this.#configuration.global));
      for (const text of messages) options.log('warning', text);
      return resolved;
    }, options.log);
    this.#fifos.configure({ lvs: options.configuration.global.lvsNotifyFifo });
    this.#want();
    this.#attempt();
  }

  /** What weir cannot do yet is reported once and not tried. What is served already stays as it was: a reload is no reason to end it. */
  #want(): void {
    const asked = wantedTable(this.#configuration);
    const missing = new Set([...asked].filter(([, service]) => missingForWanted(service) !== undefined).map(([id]) => id));
    this.#wanted = new Map(
      [...asked].flatMap(([id, service]) => {
        const taken = missing.has(id) ? this.#done.get(id) : service;
        return taken === undefined ? [] : [[id, taken] as const];
      }),
    );
    const kept = new Set([...missing].filter((id) => this.#done.has(id)).map((id) => asked.get(id)?.server));
    const unserved = unservedServers(asked).map((entry) => notServedMessage(entry, kept.has(entry.server)));
    this.#logNotYet(unserved);
  }

  #logNotYet(unserved: readonly string[]): void {
    const { global, virtualServers } = this.#configuration;
    const { present, meanwhile } = capability('synchronisation');
    const sync = global.lvsSyncDaemon === undefined || present ? [] : [`lvs_sync_daemon is not run yet: ${meanwhile}`];
    const levels = new Map<string, LogLevel>(unserved.map((text) => [text, 'error']));
    for (const text of [...checksNotRun(virtualServers), ...sync]) levels.set(text, 'warning');
    for (const [text, level] of levels) if (!this.#notYet.has(text)) this.options.log(level, text);
    this.#notYet = new Set(levels.keys());
  }

  /** Logs each trouble when it comes, and when it is gone. */
  #logTroubles(troubles: ReadonlySet<string>): void {
    for (const text of troubles) if (!this.#troubles.has(text)) this.options.log('error', `${text} - trying again`);
    for (const text of this.#troubles) if (!troubles.has(text)) this.options.log('info', `no longer: ${text}`);
    this.#troubles = troubles;
  }

  #settings(director: Director): void {
    const { lvsFlush, lvsTimeouts } = this.#configuration.global;
    if (lvsFlush && !this.#flushed) director.flush();
    this.#flushed = true;
    if (lvsTimeouts !== undefined) director.setTimeouts(lvsTimeouts);
  }

  /** Nothing that the file asks for can be served, and nothing has to be taken back. */
  get #hasNothingToDo(): boolean {
    const { lvsFlush, lvsTimeouts } = this.#configuration.global;
    return this.#wanted.size === 0 && this.#done.size === 0 && (!lvsFlush || this.#flushed) && lvsTimeouts === undefined;
  }

  /** One attempt to have what is wanted; what was refused comes again later. */
  #attempt(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#hasNothingToDo) {
      this.#logTroubles(new Set());
      return;
    }
    try {
      const refused = this.#withDirector((director) => {
        this.#settings(director);
        const plans = planTable(this.#wanted, this.#done, presentTable(director));
        const left = applyPlans(director, plans);
        this.#logPlans(plans.filter(({ id }) => !left.has(id)));
        return left;
      });
      this.#done = new Map([...[...this.#done].filter(([id]) => refused.has(id)), ...[...this.#wanted].filter(([id]) => !refused.has(id))]);
      this.#logTroubles(new Set(refused.values()));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (isWeirError(error, 'lock-busy')) {
        this.#waitForLock(error);
        return;
      }
      this.#logTroubles(new Set([`virtual servers cannot be set up: ${error.message}`]));
    }
    this.#busyTries = 0;
    if (this.#troubles.size === 0) {
      this.#retryMs = RETRY_MIN_MS;
      return;
    }
    this.#timer = setTimeout(() => this.#attempt(), this.#retryMs);
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
  }

  /** No other process changes the table while `work` runs. @throws WeirError lock-busy without waiting, which would block the event loop */
  #withDirector<T>(work: (director: Director) => T): T {
    const director = this.options.open();
    try {
      return director.exclusively(() => work(director));
    } finally {
      director.close();
    }
  }

  /** Others hold the lock for milliseconds: only a longer wait is reported, once, for its holder may be another at each try. */
  #waitForLock({ details: { who } }: WeirError<'lock-busy'>): void {
    this.#busyTries += 1;
    if (this.#busyTries === BUSY_TRIES_MAX) this.#logTroubles(new Set([`virtual servers cannot be set up: ${who}`]));
    this.#timer = setTimeout(() => this.#attempt(), this.#busyTries < BUSY_TRIES_MAX ? BUSY_RETRY_MS : BUSY_RETRY_MAX_MS);
  }

  /** What was made true. */
  #logPlans(plans: readonly ServicePlan[]): void {
    for (const { id, name, changes } of plans) {
      const protocol = protocolOf(this.#wanted.has(id) ? this.#wanted : this.#done, id);
      for (const change of changes) this.options.log('debug', changeMessage(change, name, protocol));
    }
  }

  reload(configuration: KeepalivedConfiguration): Promise<void> {
    return this.#record.around(this.#configuration.global, configuration.global, () => this.#take(configuration));
  }

  #take(configuration: KeepalivedConfiguration): void {
    this.#configuration = configuration;
    this.#fifos.configure({ lvs: configuration.global.lvsNotifyFifo });
    this.#want();
    this.#retryMs = RETRY_MIN_MS;
    this.#attempt();
  }

  dump(what: DumpKind): void {
    if (what !== 'data') return;
    const { log } = this.options;
    log('info', `Printing checker data for process(${process.pid}) on signal`);
    writeDump(dataPath('_check', this.#configuration.global, this.options.identSuffix), this.#text(), log);
  }

  #text(): string {
    const lines = virtualServerLines(this.#configuration);
    return `${globalText(this.#configuration)}${lines.map((line) => `${line}\n`).join('')}`;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#fifos.stopReaders();
    this.#fifos.close();
    if (this.options.keepServers || this.#done.size === 0) return;
    const { lvsFlushOnStop } = this.#configuration.global;
    for (let tries = 1; ; tries++) {
      try {
        this.#withDirector((director) => {
          if (lvsFlushOnStop === 'all') director.flush();
          else this.#removeAll(director);
        });
        return;
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (isWeirError(error, 'lock-busy') && tries < STOP_TRIES_MAX) await sleep(BUSY_RETRY_MS);
        else {
          const cause = isWeirError(error, 'lock-busy') ? error.details.who : error.message;
          this.options.log('error', `virtual servers could not be removed: ${cause}`);
          return;
        }
      }
    }
  }

  #removeAll(director: Director): void {
    const plans = planTable(new Map(), this.#done, presentTable(director));
    for (const { name } of plans) this.options.log('debug', `Shutting down virtual server ${name}`);
    for (const text of applyPlans(director, plans).values()) this.options.log('error', text);
  }
}

export function runChecker(options: CheckerOptions): Part {
  return new Checker(options);
}
