// Sends the mails of smtp_alert, one after the other, from the supervisor: VRRP never waits for a relay.
import { hostname } from 'node:os';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { Log } from '../../model/log-level.js';
import { composeMail, type Mail, type MailEvent } from './compose.js';
import { type Relay, sendMail } from './smtp.js';

/** More than so many that wait are not news any more. */
const QUEUE_MAX = 100;

export class Mailer {
  readonly #queue: { readonly mail: Mail; readonly relay: Relay }[] = [];
  #sending = false;
  #trouble: string | undefined;

  constructor(readonly log: Log) {}

  /** A trouble is logged when it comes, when it changes, and when it is over. */
  #logTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble === undefined) this.log('info', 'Mails are taken again');
    else this.log('warning', `Mail was not sent: ${trouble}`);
  }

  send(event: MailEvent, global: GlobalSettings): void {
    const mail = composeMail(event, global, hostname(), new Date());
    if (mail === undefined) return;
    const { smtpServer, smtpHelo, smtpTimeoutUs } = global;
    if (smtpServer === undefined || this.#queue.length >= QUEUE_MAX) {
      this.#logTrouble(smtpServer === undefined ? 'there is no smtp_server' : `${QUEUE_MAX} others wait`);
      return;
    }
    this.#queue.push({ mail, relay: { ...smtpServer, helo: smtpHelo ?? hostname(), timeoutMs: smtpTimeoutUs / 1000 } });
    if (!this.#sending) void this.#work();
  }

  async #work(): Promise<void> {
    this.#sending = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { host, port } = next.relay;
      try {
        await sendMail(next.mail, next.relay, () => this.log('debug', `Remote SMTP server [${host}]:${port} connected.`));
        this.log('debug', 'SMTP alert successfully sent.');
        this.#logTrouble(undefined);
      } catch (error) {
        this.#logTrouble(`SMTP server ${host} port ${port}: ${(error as Error).message}`);
      }
    }
    this.#sending = false;
  }
}
