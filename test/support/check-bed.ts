// Drives the machine of health checks in a test: answers its attempts, lets time pass, and keeps what it logged and served.
import type { Answered, ApplyResult, CheckEffect, CheckInput, CheckSettings, Outcome } from '../../src/control/check/messages.js';
import { type CheckMachine, initialChecks } from '../../src/control/check/state.js';
import { step } from '../../src/control/check/step.js';
import { formatAddress } from '../../src/model/address-text.js';
import type { Checker, CheckKind, CheckTiming, VirtualServer } from '../../src/model/keepalived/virtual-server.js';

export const SECOND = 1_000_000;

/** A check with keepalived's defaults but for the warmup, which is 0. */
export function checker(check: CheckKind = { kind: 'tcp' }, timing: Partial<CheckTiming> = {}): Checker {
  const usual = { alpha: false, connectTimeoutUs: 5 * SECOND, retry: 1, delayBeforeRetryUs: SECOND, warmupUs: 0, delayLoopUs: 10 * SECOND };
  return { check, target: {}, timing: { ...usual, rise: 1, fall: 1, logAllFailures: false, ...timing } };
}

/** global_defs as keepalived has it without a line. */
export const USUAL_SETTINGS: CheckSettings = initialChecks().settings;

export class CheckBed {
  state: CheckMachine = initialChecks();
  nowUs = 0;
  wakeAtUs: number | undefined;
  /** Everything that was logged, in order. */
  readonly log: string[] = [];
  readonly notified: string[] = [];
  readonly scripts: string[] = [];
  readonly mails: string[] = [];
  /** What mails have behind keepalived's text. */
  readonly details: string[] = [];
  /** How often only what people are shown changed. */
  publications = 0;
  /** The present destinations of each virtual server: `10.0.0.1 1`. */
  readonly pools = new Map<string, readonly string[]>();
  /** What an attempt on an address answers; by default success. A function: by the number of the URL. */
  readonly answers = new Map<string, Outcome | ((url: number) => Outcome)>();
  /** What answers attempts on addresses that are not in `answers`. */
  answerByKind: (kind: CheckKind['kind']) => Outcome = () => ({ kind: 'success' });
  /** Attempts stay under way. */
  silent = false;
  /** When attempts began, in seconds: `10.0.0.1 3`. */
  readonly attempts: string[] = [];
  readonly abandoned: number[] = [];
  /** What the table answers, and how often it was asked. */
  result: ApplyResult = { kind: 'done', refused: [] };
  applied = 0;

  configure(servers: readonly VirtualServer[], more: Partial<Extract<CheckInput, { kind: 'configure' }>> = {}): void {
    this.feed({ kind: 'configure', servers, settings: USUAL_SETTINGS, ...more });
  }

  feed(input: CheckInput): void {
    const { state, effects, wakeAtUs } = step(this.state, input, this.nowUs);
    this.state = state;
    this.wakeAtUs = wakeAtUs;
    const outcomes = effects.flatMap((effect) => this.#perform(effect));
    if (effects.some(({ kind }) => kind === 'apply')) {
      this.applied += 1;
      this.feed({ kind: 'applied', result: this.result });
    }
    if (outcomes.length > 0) this.feed({ kind: 'outcomes', outcomes });
  }

  #perform(effect: CheckEffect): readonly Answered[] {
    switch (effect.kind) {
      case 'log':
        this.log.push(effect.text);
        break;
      case 'notify':
        this.notified.push(effect.line);
        if (effect.script !== undefined) this.scripts.push(effect.script.text);
        break;
      case 'publish':
        this.publications += 1;
        break;
      case 'mail':
        this.mails.push(`${effect.subject}: ${effect.text}`);
        if (effect.detail !== undefined) this.details.push(effect.detail);
        break;
      case 'serve':
        this.pools.set(
          effect.server.name,
          effect.pool.map(({ address, weight }) => `${formatAddress(address)} ${weight}`),
        );
        break;
      case 'remove':
        this.pools.delete(effect.server.name);
        break;
      case 'abandon':
        this.abandoned.push(effect.attempt);
        break;
      case 'attempt': {
        const address = formatAddress(effect.attempt.target.address);
        this.attempts.push(`${address} ${this.nowUs / SECOND}`);
        if (this.silent) break;
        const answer = this.answers.get(address) ?? this.answerByKind(effect.attempt.check.kind);
        const outcome = typeof answer === 'function' ? answer(effect.attempt.url) : answer;
        return [{ attempt: effect.attempt.number, checker: effect.attempt.checker, outcome }];
      }
    }
    return [];
  }

  /** Lets so many seconds pass, waking the machine when it asks for it. */
  pass(seconds: number): void {
    const end = this.nowUs + seconds * SECOND;
    while (this.wakeAtUs !== undefined && this.wakeAtUs <= end) {
      this.nowUs = Math.max(this.nowUs, this.wakeAtUs);
      this.feed({ kind: 'wake' });
    }
    this.nowUs = end;
  }

  /** What was logged since the last time. */
  takeLog(): readonly string[] {
    return this.log.splice(0);
  }

  pool(name = '[192.0.2.1]:tcp:80'): readonly string[] | undefined {
    return this.pools.get(name);
  }
}

export const failure = (text = 'failed'): Outcome => ({ kind: 'failure', text });
