// The feedback of one service: looks at its table every second, asks its servers twice a period, runs the machine, and writes what it decides.
import type { FeedbackEffect, FeedbackInput, RememberedWeight, WeightWrite } from '../../control/feedback/messages.js';
import { type FeedbackMachine, initialFeedback } from '../../control/feedback/state.js';
import { feedbackStatus } from '../../control/feedback/status.js';
import { step } from '../../control/feedback/step.js';
import { isFrozen, readFeedbackRecord, writeFeedbackRecord } from '../../host/feedback-files.js';
import type { PublishedService } from '../../host/published-feedback.js';
import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { ConfiguredFeedback } from '../../model/feedback/configured-feedback.js';
import { settingsFor, usesWeights } from '../../model/feedback/feedback-settings.js';
import { targetWord } from '../../model/feedback/feedback-target.js';
import { isMeasured } from '../../model/feedback/load-source.js';
import type { Log } from '../../model/log-level.js';
import type { DestinationKey } from '../../model/service.js';
import { monotonicUs } from '../../sys/clock.js';
import { isSystemError } from '../../sys/errno.js';
import { StepLoop } from '../process/step-loop.js';
import { ServerQuestions } from './ask-server.js';
import type { FeedbackTable, LookedAt } from './feedback-table.js';

export interface ServiceFeedbackOptions extends ConfiguredFeedback {
  readonly table: FeedbackTable;
  readonly log: Log;
}

const ASKS_A_PERIOD = 2;
const ANSWER_MAX_MS = 2000;

/** A server that is asked. */
interface AskedServer {
  readonly questions: ServerQuestions;
  readonly timer: NodeJS.Timeout;
}

export class ServiceFeedback {
  readonly #loop: StepLoop<FeedbackMachine, FeedbackInput, FeedbackEffect>;
  readonly #table: FeedbackTable;
  readonly #asked = new Map<string, AskedServer>();
  /** Logged when it begins and when it ends. */
  #trouble: string | undefined;
  #scheduler: string | undefined;

  constructor(readonly options: ServiceFeedbackOptions) {
    const { key, settings, table } = options;
    this.#table = table;
    this.#loop = new StepLoop({
      initial: initialFeedback(),
      step,
      perform: (effects) => this.#perform(effects),
      onWake: () => this.#loop.feed({ kind: 'wake' }),
    });
    this.#loop.feed({ kind: 'configure', settings: settingsFor(settings, ''), remembered: readFeedbackRecord(key) });
  }

  #log(level: Parameters<Log>[0], text: string): void {
    this.options.log(level, `${targetWord(this.options.key)}: ${text}`);
  }

  #report(trouble: string | undefined): void {
    if (trouble !== this.#trouble) this.#log(trouble === undefined ? 'info' : 'warning', trouble ?? `no longer: ${this.#trouble}`);
    this.#trouble = trouble;
  }

  /** Every second. */
  look(): void {
    this.#loop.feed({ kind: 'freeze', frozen: isFrozen(this.options.key) });
    const seen = this.#table.look();
    if (seen === undefined) {
      const { missing } = this.#table;
      if (missing !== undefined) this.#report(missing);
    } else if (!usesWeights(seen.scheduler)) {
      this.#report(
        `its scheduler ${seen.scheduler} does not share by weights: use ${this.options.key.kind === 'pool' ? 'round_robin or least_conn' : 'wrr or wlc'}`,
      );
    } else {
      this.#report(undefined);
      this.#followScheduler(seen.scheduler);
    }
    const isServed = seen !== undefined && usesWeights(seen.scheduler);
    this.#askThese(isServed && !isMeasured(this.options.source.kind) ? seen.places : new Map());
    this.#loop.feed({ kind: 'look', servers: isServed ? seen.servers : undefined });
    if (isServed) this.#takeMeasured(seen);
  }

  /** What the proxy measured, or the director. */
  #takeMeasured({ reports, servers }: LookedAt): void {
    for (const [server, read] of reports ?? []) {
      const director = servers.find(({ id }) => id === server)?.counters;
      if (read.kind === 'wrong') this.#loop.feed({ kind: 'unanswered', server, why: read.why });
      else this.#loop.feed({ kind: 'report', server, report: read.report, ...(director === undefined ? {} : { director }) });
    }
  }

  #followScheduler(scheduler: string): void {
    if (scheduler === this.#scheduler) return;
    this.#scheduler = scheduler;
    this.#loop.feed({ kind: 'configure', settings: settingsFor(this.options.settings, scheduler) });
  }

  /** Also those of weight 0: a server that wants connections again reports it. */
  #askThese(specs: ReadonlyMap<string, DestinationKey>): void {
    for (const [id, { timer }] of this.#asked) {
      if (specs.has(id)) continue;
      clearInterval(timer);
      this.#asked.delete(id);
    }
    const everyMs = this.options.settings.periodUs / 1000 / ASKS_A_PERIOD;
    for (const [id, { address, port }] of specs) {
      if (this.#asked.has(id)) continue;
      const { source } = this.options;
      const at = {
        host: formatAddress(address),
        port: source.port || port,
        path: source.path,
        timeoutMs: Math.min(ANSWER_MAX_MS, everyMs),
      };
      const questions = new ServerQuestions(source, at);
      const ask = (): void => void this.#ask(id, questions);
      this.#asked.set(id, { questions, timer: setInterval(ask, everyMs) });
      ask();
    }
  }

  async #ask(id: string, questions: ServerQuestions): Promise<void> {
    const answer = await questions.ask();
    if (this.#asked.get(id)?.questions !== questions) return;
    const director = this.#table.counters().get(id);
    if (answer.kind === 'wrong') this.#loop.feed({ kind: 'unanswered', server: id, why: answer.why });
    else this.#loop.feed({ kind: 'report', server: id, report: answer.report, ...(director === undefined ? {} : { director }) });
  }

  #perform(effects: readonly FeedbackEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'write') this.#write(effect.writes);
      else this.#log(effect.detail === true ? 'debug' : effect.level, effect.text);
    }
  }

  /** First the record: whoever finds these weights in the table then knows whose they are. */
  #write(writes: readonly WeightWrite[]): void {
    let written: readonly string[] = [];
    try {
      this.#record();
      written = this.#table.write(writes, this.options.settings.scale);
    } catch (error) {
      if (!(error instanceof WeirError || isSystemError(error))) throw error;
      this.#log('error', `weights cannot be written: ${error.message}`);
    }
    const names = new Map([...(this.#loop.state.servers?.values() ?? [])].map(({ id, name }) => [id, name]));
    for (const { server, from, to, reason } of writes)
      if (written.includes(server)) this.#log('info', `${names.get(server) ?? server} ${from}→${to}: ${reason}`);
    this.#loop.feed({ kind: 'written', servers: written });
  }

  #record(): void {
    const { servers } = this.#loop.state;
    const weights = [...(servers?.values() ?? [])].flatMap(({ id, configured, effective, writing, phase }) => {
      const isOurs = phase.kind !== 'quiesced' && (effective !== configured || (writing ?? effective) !== configured);
      const weight: RememberedWeight = { configured, effective, ...(writing === undefined ? {} : { writing }) };
      return isOurs ? [[id, weight] as const] : [];
    });
    writeFeedbackRecord(this.options.key, new Map(weights));
  }

  status(): PublishedService {
    const { key, source } = this.options;
    const status = feedbackStatus(this.#loop.state, Date.now() - monotonicUs() / 1000);
    return {
      service: targetWord(key),
      source: isMeasured(source.kind) ? source.kind : `${source.kind} at port ${source.port || 'of the server'}`,
      ...status,
    };
  }

  /** Whether all configured weights are back. */
  stop(): boolean {
    for (const { timer } of this.#asked.values()) clearInterval(timer);
    this.#asked.clear();
    this.#loop.feed({ kind: 'stop' });
    const { frozen, servers } = this.#loop.state;
    return (
      frozen ||
      [...(servers?.values() ?? [])].every(({ writing, effective, configured, phase }) => {
        const isOthers = phase.kind === 'quiesced' || phase.kind === 'drained';
        return isOthers || (writing === undefined && effective === configured);
      })
    );
  }

  close(): void {
    this.#loop.close();
    this.#record();
    this.#table.close();
  }
}
