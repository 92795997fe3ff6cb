// The health checks of pools: the machine that keepalived.conf's virtual servers have, with the same attempts. It runs once, beside the processes.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { readKeepalived } from '../../config/keepalived/read.js';
import { chanceFrom } from '../../control/chance.js';
import { changesHealth, healthOf } from '../../control/check/health.js';
import type { CheckEffect, CheckInput, CheckSettings } from '../../control/check/messages.js';
import { RememberedKeys, rememberedOf } from '../../control/check/remembered.js';
import { type CheckMachine, initialChecks } from '../../control/check/state.js';
import { step } from '../../control/check/step.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { failedText } from '../../model/keepalived/server-health.js';
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { Pool, PoolServer } from '../../model/layer7/pool.js';
import type { PoolChecks } from '../../model/layer7/pool-checks.js';
import type { Log } from '../../model/log-level.js';
import { PLAIN_TUNNEL } from '../../model/service.js';
import { attemptTools } from '../checker/attempts/attempt-tools.js';
import { Attempts } from '../checker/attempts/attempts.js';
import { HealthRecord } from '../checker/health-record.js';
import { StepLoop } from '../process/step-loop.js';
import { ScriptBook } from '../scripts/script-book.js';

/** A check may begin so much later, so that several begin together. */
const WAKE_EVERY_US = 4000;
const SETTINGS: CheckSettings = {
  checkerLogAllFailures: false,
  sharedChecks: true,
  noCheckerEmails: true,
  rsInitNotifies: false,
  lvsFlushOnStop: 'no',
  noQuorumLines: true,
};

/** keepalived's defaults for scripts: their user, and no script security. */
function defaultConfiguration(): KeepalivedConfiguration {
  const nothing = { read: () => ({ kind: 'text', text: '' }) as const, list: () => [] };
  const { configuration } = readKeepalived(nothing, { path: 'weir.yaml', configId: '', environment: {} });
  if (configuration === undefined) throw new Error('an empty configuration was refused');
  return configuration;
}

const realServerOf = ({ address, port, weight }: PoolServer, { checkers, slowStartUs }: PoolChecks): RealServer => ({
  ...{ address, port, weight, slowStartUs, checkers, method: 'masq', tunnel: PLAIN_TUNNEL },
  ...{ upperThreshold: 0, lowerThreshold: 0, inhibitOnFailure: false, alpha: false, smtpAlert: false },
});

/** A pool as the machine of health checks knows services. */
const virtualServerOf = (name: string, servers: readonly PoolServer[], checks: PoolChecks): VirtualServer => ({
  name: `pool ${name}`,
  target: { kind: 'group', group: name },
  ...{ protocol: 'tcp', scheduler: 'wrr', schedFlags: 0, method: 'masq', tunnel: PLAIN_TUNNEL, onePacket: false },
  ...{ alpha: false, omega: false, quorum: 1, hysteresis: 0, haSuspend: false, smtpAlert: false, sorryInhibit: false },
  ...(checks.virtualHost === undefined ? {} : { virtualHost: checks.virtualHost }),
  realServers: servers.map((server) => realServerOf(server, checks)),
});

export interface CheckedServer {
  readonly isUp: boolean;
  readonly why: string;
  /** The file's, or what misc_dynamic made of it. */
  readonly weight: number;
  /** The part of its weight that it has in a slow start; 1: all. */
  readonly part: number;
}

export interface PoolCheckerOptions {
  readonly log: Log;
  /** Where what was found is kept for the next process. */
  readonly healthFile: string;
  readonly onChange: () => void;
}

export class PoolChecker {
  readonly #loop: StepLoop<CheckMachine, CheckInput, CheckEffect>;
  readonly #attempts: Attempts;
  readonly #health: HealthRecord;
  /** By pool, in the order of its servers. */
  #found: ReadonlyMap<string, readonly CheckedServer[]> = new Map();
  #isStarted = false;
  /** The weight of a server rises, also where the machine's whole numbers do not show it. */
  #isSlow = false;

  constructor(readonly options: PoolCheckerOptions) {
    const { log, healthFile } = options;
    const configuration = defaultConfiguration();
    const scripts = new ScriptBook(configuration, log);
    this.#loop = new StepLoop({
      initial: initialChecks(),
      step,
      perform: (effects) => this.#perform(effects),
      onWake: () => this.#loop.feed({ kind: 'wake' }),
      wakeEveryUs: WAKE_EVERY_US,
    });
    const keys = new RememberedKeys();
    this.#health = new HealthRecord(healthFile, () => rememberedOf(this.#loop.state, keys), log);
    const tools = attemptTools({ configuration: () => configuration, resolve: (script) => scripts.resolve(script), log });
    this.#attempts = new Attempts(tools, (outcomes) => this.#loop.feed({ kind: 'outcomes', outcomes }));
  }

  /** Pools that stay keep what is known of them. */
  configure(pools: readonly Pool[]): void {
    const servers = pools.flatMap(({ name, servers: own, checks }) => (checks === undefined ? [] : [virtualServerOf(name, own, checks)]));
    const first = { chance: chanceFrom(randomBytes(16)), hostName: hostname(), remembered: this.#health.read() };
    this.#loop.feed({ kind: 'configure', servers, settings: SETTINGS, ...(this.#isStarted ? {} : first) });
    this.#isStarted = true;
  }

  #perform(effects: readonly CheckEffect[]): void {
    for (const effect of effects) this.#performOne(effect);
    const isNews = effects.some(changesHealth);
    const wasSlow = this.#isSlow;
    this.#isSlow = this.#loop.state.slow.length > 0;
    if (isNews || wasSlow || this.#isSlow) this.#look();
  }

  #performOne(effect: CheckEffect): void {
    switch (effect.kind) {
      case 'attempt':
        this.#attempts.start(effect.attempt);
        break;
      case 'abandon':
        this.#attempts.abandon(effect.attempt);
        break;
      case 'apply':
        this.#loop.feed({ kind: 'applied', result: { kind: 'done', refused: [] } });
        break;
      case 'remember':
        this.#health.write();
        break;
      case 'log':
        this.options.log(effect.detail === true ? 'debug' : effect.level, effect.text);
    }
  }

  #look(): void {
    const { state } = this.#loop;
    const found = healthOf(state).map(({ reals }, server): [string, readonly CheckedServer[]] => {
      const { config, reals: states } = state.servers[server]!;
      const checked = reals.map(({ up, weight, failed }, real): CheckedServer => {
        const slow = states[real]?.slow;
        const why = failed.map(failedText).join('; ');
        return { isUp: up, why, weight, part: slow === undefined ? 1 : (slow.step + 1) / (slow.of + 1) };
      });
      return [config.target.kind === 'group' ? config.target.group : '', checked];
    });
    this.#found = new Map(found);
    this.options.onChange();
  }

  /** undefined: no check judges it. */
  of(pool: string, server: number): CheckedServer | undefined {
    return this.#found.get(pool)?.[server];
  }

  close(): void {
    this.#health.flush();
    this.#attempts.close();
    this.#loop.close();
  }
}
