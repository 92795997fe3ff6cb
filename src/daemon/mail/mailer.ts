// Sends the mails of smtp_alert, one after the other, from the supervisor: VRRP never waits for a relay. A mail that the relay could not take
// is sent once more, after longer and longer pauses, until it is too old.
import { hostname } from 'node:os';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { Log } from '../../model/log-level.js';
import { composeMail, type Mail, type MailEvent } from './compose.js';
import { MailFailure, type Relay, sendMail } from './smtp.js';

/** More than so many that wait are not news any more. */
const QUEUE_MAX = 100;

export interface MailTimes {
  /** The first pause before a mail is sent once more, ms; each one is twice as long as the one before. */
  readonly pauseMs: number;
  readonly pauseMaxMs: number;
  /** A mail this old, ms, is not sent once more. */
  readonly keptMs: number;
}

const TIMES: MailTimes = { pauseMs: 1000, pauseMaxMs: 60_000, keptMs: 600_000 };

interface Waiting {
  readonly mail: Mail;
  /** ms, of a clock that is never set */
  readonly since: number;
}

export class Mailer {
  readonly #queue: Waiting[] = [];
  #sending = false;
  #trouble: string | undefined;
  /** Since mails were last taken. */
  #lost = 0;
  #lossLogged = false;

  constructor(
    readonly log: Log,
    /** As the configuration has them now: a reload may name another relay. */
    readonly settings: () => GlobalSettings,
    readonly times: MailTimes = TIMES,
  ) {}

  /** A trouble is logged when it comes, when it changes, and when it is over. */
  #logTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble !== undefined) {
      this.log('warning', `Mail was not sent: ${trouble}`);
      return;
    }
    const lost = this.#lost === 0 ? '' : `; lost meanwhile: ${this.#lost}`;
    this.#lost = 0;
    this.#lossLogged = false;
    this.log('info', `Mails are taken again${lost}`);
  }

  /** The first one is logged, the others are counted until mails are taken again. */
  #lose(why: string): void {
    this.#lost += 1;
    if (!this.#lossLogged) this.log('warning', `A mail is lost, more may follow: ${why}`);
    this.#lossLogged = true;
  }

  send(event: MailEvent): void {
    const mail = composeMail(event, this.settings(), hostname(), new Date());
    if (mail === undefined) return;
    if (this.settings().smtpServer === undefined) {
      this.#logTrouble('there is no smtp_server');
      return;
    }
    if (this.#queue.length >= QUEUE_MAX) {
      this.#lose(`${QUEUE_MAX} others wait`);
      return;
    }
    this.#queue.push({ mail, since: performance.now() });
    if (!this.#sending) void this.#work();
  }

  #relay(): Relay | undefined {
    const { smtpServer, smtpHelo, smtpTimeoutUs } = this.settings();
    return smtpServer && { ...smtpServer, helo: smtpHelo ?? hostname(), timeoutMs: smtpTimeoutUs / 1000 };
  }

  async #work(): Promise<void> {
    this.#sending = true;
    let { pauseMs } = this.times;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const failure = await this.#try(next.mail);
      if (failure?.again === true) {
        this.#giveUpOld();
        await new Promise((done) => setTimeout(done, pauseMs).unref());
        pauseMs = Math.min(2 * pauseMs, this.times.pauseMaxMs);
        continue;
      }
      this.#queue.shift();
      if (failure === undefined) pauseMs = this.times.pauseMs;
      else this.#lost += 1;
    }
    this.#sending = false;
  }

  #giveUpOld(): void {
    const { keptMs } = this.times;
    for (let [first] = this.#queue; first !== undefined && performance.now() - first.since >= keptMs; [first] = this.#queue) {
      this.#queue.shift();
      this.#lose(`it waited for ${keptMs / 1000} s`);
    }
  }

  async #try(mail: Mail): Promise<MailFailure | undefined> {
    const relay = this.#relay();
    try {
      if (relay === undefined) throw new MailFailure('there is no smtp_server', false);
      await sendMail(mail, relay, () => this.log('debug', `Remote SMTP server [${relay.host}]:${relay.port} connected.`));
      this.log('debug', 'SMTP alert successfully sent.');
      this.#logTrouble(undefined);
      return undefined;
    } catch (error) {
      if (!(error instanceof MailFailure)) throw error;
      this.#logTrouble(relay === undefined ? error.message : `SMTP server ${relay.host} port ${relay.port}: ${error.message}`);
      return error;
    }
  }
}
