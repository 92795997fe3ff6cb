// What verdict and weight each check must have, worked out apart from the machine: from the outcomes of its attempts and the reports of
// trackers alone.

import { checkerIdentity, realIdentity, serverIdentity } from '../../control/check/identity.js';
import type { CheckInput, Outcome } from '../../control/check/messages.js';
import { rememberedKey } from '../../control/check/remembered.js';
import type { Remembered } from '../../control/check/remembered-check.js';
import { asksPages, type Checker, type RealServer, type VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { Expected } from './expected.js';
import { keysByQuestion, shareExpected } from './expected-sharing.js';
import { checkerKeys, realKey, takenFrom } from './names.js';
import type { Observation } from './observation.js';

const INT_MAX = 2 ** 31 - 1;

const urlsOf = ({ check }: Checker): number => (asksPages(check) ? check.urls.length : 1);

function succeed(one: Expected, status: number | undefined): void {
  const { config, ran } = one;
  one.failures = 0;
  const next = one.url + 1;
  if (asksPages(config.check) && (one.urlFailed || next < urlsOf(config))) {
    one.url = one.urlFailed ? 0 : next;
    one.urlFailed = false;
    if (!ran) one.failures = config.timing.retry;
    return;
  }
  one.url = 0;
  if (one.up && ran) one.contrary = 0;
  else if (ran && ++one.contrary < config.timing.rise) return;
  Object.assign(one, { up: true, ran: true, contrary: 0 });
  if (config.check.kind === 'misc')
    one.weight.instead = config.check.dynamic && status !== undefined && status >= 2 ? status - 2 : undefined;
}

/** Each of its rounds begins with all retries. */
const isSmtp = ({ check }: Checker): boolean => check.kind === 'smtp';

/** TCP_CHECK and SMTP_CHECK are retried while they are down, too. */
const isRetriedWhileDown = (config: Checker): boolean => config.check.kind === 'tcp' || isSmtp(config);

/** A verdict needs as many failures as `retry` states, and one more. */
function fail(one: Expected): void {
  const { config, up, ran } = one;
  const isDown = !up && ran;
  if (isDown && !isRetriedWhileDown(config)) {
    one.contrary = 0;
    return;
  }
  if (one.failures < config.timing.retry) {
    one.failures++;
    one.ran ||= !isSmtp(config);
    return;
  }
  one.failures = 0;
  one.urlFailed = asksPages(config.check);
  if (isDown) one.contrary = 0;
  if (isDown || (ran && ++one.contrary < config.timing.fall)) return;
  Object.assign(one, { up: false, ran: true, contrary: 0 });
  one.weight.instead = undefined;
}

function settleFile(one: Expected, values: ReadonlyMap<string, number>): void {
  if (one.config.check.kind !== 'file') return;
  const { trackFile, weight, reverse } = one.config.check;
  const value = values.get(trackFile) ?? 0;
  const product = value * weight * (reverse ? -1 : 1);
  const fault = weight === 0 ? (value !== 0) !== reverse : product <= -INT_MAX;
  one.up = !fault;
  one.ran = true;
  one.weight.added = fault || weight === 0 ? 0 : Math.min(product, INT_MAX);
}

export class Verdicts {
  readonly checks = new Map<string, Expected>();
  readonly #byAttempt = new Map<number, readonly string[]>();
  /** How many virtual servers the file has that was taken last. */
  #servers = 0;
  /** What each check asked, by key. */
  #questions: ReadonlyMap<string, string> = new Map();
  readonly #files = new Map<string, number>();
  readonly #bfds = new Map<string, boolean>();

  clear(): void {
    this.#servers = 0;
    this.#questions = new Map();
    for (const map of [this.checks, this.#byAttempt, this.#files, this.#bfds]) map.clear();
  }

  /** An attempt begins. */
  begin(number: number, key: string): void {
    const keys = this.#byAttempt.get(number) ?? [];
    if (!keys.includes(key)) this.#byAttempt.set(number, [...keys, key]);
  }

  abandon(number: number): void {
    this.#byAttempt.delete(number);
  }

  /** The input of a step. `before`: which real servers were alive. */
  take(input: CheckInput, before: ReadonlyMap<string, boolean>): void {
    switch (input.kind) {
      case 'outcomes':
        for (const { attempt, outcome } of input.outcomes) this.#outcome(attempt, outcome);
        break;
      case 'file':
        this.#files.set(input.name, input.value ?? 0);
        for (const one of this.checks.values()) settleFile(one, this.#files);
        break;
      case 'bfd':
        this.#bfds.set(input.name, input.up);
        for (const one of this.checks.values()) this.#settleBfd(one);
        break;
      case 'configure':
        this.#configure(input, before);
        break;
      case 'stop':
        this.checks.clear();
        break;
    }
  }

  #outcome(attempt: number, outcome: Outcome): void {
    const keys = this.#byAttempt.get(attempt) ?? [];
    this.#byAttempt.delete(attempt);
    for (const one of keys.flatMap((key) => this.checks.get(key) ?? [])) {
      if (outcome.kind === 'success') succeed(one, outcome.status);
      if (outcome.kind === 'failure') fail(one);
      if (outcome.kind === 'not-made' && isSmtp(one.config)) one.failures = 0;
    }
  }

  #settleBfd(one: Expected): void {
    if (one.config.check.kind !== 'bfd') return;
    const up = this.#bfds.get(one.config.check.name);
    if (up !== undefined) Object.assign(one, { up, ran: true });
  }

  #configure(
    { servers, remembered, settings: { sharedChecks: shared } }: Extract<CheckInput, { kind: 'configure' }>,
    before: ReadonlyMap<string, boolean>,
  ): void {
    const atStart = this.#servers === 0;
    const next = new Map<string, Expected>();
    const taken = [...takenFrom(servers).values()];
    for (const server of taken) {
      for (const real of server.realServers) this.#configureReal(server, real, { next, remembered, before, atStart });
    }
    this.#servers = taken.length;
    if (shared) shareExpected(next, taken, this.#questions);
    this.#questions = new Map([...keysByQuestion(taken)].flatMap(([question, keys]) => keys.map((key) => [key, question] as const)));
    this.#byAttempt.clear();
    this.checks.clear();
    for (const [key, one] of next) this.checks.set(key, one);
  }

  #configureReal(
    server: VirtualServer,
    real: RealServer,
    to: {
      readonly next: Map<string, Expected>;
      readonly remembered: Remembered | undefined;
      readonly before: ReadonlyMap<string, boolean>;
      readonly atStart: boolean;
    },
  ): void {
    const keys = checkerKeys(server, real);
    const wasUp = to.before.get(realKey(server, real));
    const staying = keys.flatMap((key) => this.checks.get(key) ?? []).filter(({ ran }) => ran);
    const trusted = wasUp !== undefined && staying.every(({ up }) => up) && (wasUp || staying.length > 0);
    for (const [index, config] of real.checkers.entries()) {
      const key = keys[index]!;
      const { retry, alpha } = config.timing;
      const known = this.checks.get(key);
      const past = to.remembered?.get(rememberedKey(serverIdentity(server), realIdentity(real), checkerIdentity(config)));
      const one: Expected =
        known === undefined
          ? {
              config,
              up: !alpha || trusted,
              ran: false,
              // For the first verdict one failure is enough, but where a reload brings the server or leaves it well.
              failures: (to.atStart || (wasUp !== undefined && !trusted)) && !isSmtp(config) ? retry : 0,
              contrary: 0,
              url: 0,
              urlFailed: false,
              weight: { instead: undefined, added: 0 },
            }
          : {
              ...known,
              config,
              failures: Math.min(known.failures, known.ran ? Math.max(0, retry - 1) : retry),
              weight: { ...known.weight },
            };
      if (known === undefined && past !== undefined) {
        Object.assign(one, { up: past.up, ran: true, failures: 0, urlFailed: !past.up && asksPages(config.check) });
        const dynamic = config.check.kind === 'misc' && config.check.dynamic && past.up && past.status >= 2;
        if (dynamic) one.weight.instead = past.status - 2;
      }
      settleFile(one, this.#files);
      this.#settleBfd(one);
      to.next.set(key, one);
    }
  }

  /** A server's weight as its checks want it, within the table's limits. */
  weightOf(server: VirtualServer, real: RealServer): number {
    const checks = checkerKeys(server, real).map((key) => this.checks.get(key)!);
    const added = checks.reduce(
      (sum, { weight }) => sum + weight.added + (weight.instead === undefined ? 0 : weight.instead - real.weight),
      0,
    );
    return Math.min(Math.max(real.weight + added, 0), 65_535);
  }

  isUp(server: VirtualServer, real: RealServer): boolean {
    return checkerKeys(server, real).every((key) => this.checks.get(key)?.up === true);
  }
}

/** What a step took and began. To be called after each step, before the invariants. */
export function observe(verdicts: Verdicts, { input, before, after, effects }: Observation): void {
  const alive = new Map(before.flatMap(({ config, reals }) => reals.map((real) => [realKey(config, real.config), real.alive] as const)));
  verdicts.take(input, alive);
  for (const effect of effects) if (effect.kind === 'abandon') verdicts.abandon(effect.attempt);
  const begun = new Set(effects.flatMap((effect) => (effect.kind === 'attempt' ? [effect.attempt.number] : [])));
  // A reload may have others wait for what is under way.
  const all = input.kind === 'configure';
  if (begun.size === 0 && !all) return;
  for (const { config, reals } of after) {
    for (const real of reals) {
      const keys = checkerKeys(config, real.config);
      for (const [index, { attempt }] of real.checkers.entries())
        if (begun.has(attempt) || (all && attempt !== 0)) verdicts.begin(attempt, keys[index] ?? '');
    }
  }
}
