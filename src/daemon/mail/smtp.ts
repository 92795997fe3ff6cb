// One mail to a relay by plain SMTP (RFC 5321), as keepalived speaks it: HELO, MAIL, RCPT, DATA, QUIT; no TLS, no authentication.

import { connect, isIP, type Socket } from 'node:net';
import { AnswerTimeout } from '../../sys/answer-timeout.js';
import { header, type Mail } from './compose.js';
import { connectTrouble, lookupOnce, NAME_TROUBLE } from './relay-name.js';

export interface Relay {
  readonly host: string;
  readonly port: number;
  readonly helo: string;
  readonly timeoutMs: number;
}

/** An answer is so long at most, bytes: a relay that talks without end is hung up on. */
const ANSWER_MAX_BYTES = 1 << 16;
/** So many characters of one are logged. */
const LOGGED_MAX = 200;

/** Why a mail was not sent, in words. `again`: it may be sent once more, the relay has surely not taken it and may take it later. */
export class MailFailure extends Error {
  constructor(
    message: string,
    readonly again: boolean,
  ) {
    super(message);
  }
}

/** The answers of one connection, one at a time. */
class Dialogue {
  readonly #socket: Socket;
  #text = '';
  #waiting: { readonly done: (answer: string) => void; readonly fail: (error: Error) => void } | undefined;
  #failure: Error | undefined;
  /** One that sends a byte now and then has no more time than one that sends nothing. */
  readonly #timer: AnswerTimeout;

  constructor({ host, port, timeoutMs }: Relay, connected?: () => void) {
    let resolved = isIP(host) !== 0;
    this.#timer = new AnswerTimeout(timeoutMs, () =>
      this.#fail(new Error(resolved ? `no answer within ${timeoutMs / 1000} s` : NAME_TROUBLE)),
    );
    this.#socket = connect({ host, port, lookup: lookupOnce }, connected);
    this.#socket.on('lookup', () => {
      resolved = true;
    });
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (chunk: string) => {
      this.#text += chunk;
      if (this.#text.length > ANSWER_MAX_BYTES) this.#fail(new Error('its answer has no end'));
      this.#give();
    });
    this.#socket.on('error', (error) => this.#fail(connectTrouble(error)));
    this.#socket.on('close', () => this.#fail(new Error('it hung up')));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#timer.cancel();
    this.#socket.destroy();
    this.#waiting?.fail(this.#failure);
    this.#waiting = undefined;
  }

  /** The last line of an answer has a blank behind its number, the others a dash. */
  #give(): void {
    const whole = /^(?:\d{3}-.*\r?\n)*\d{3}(?: .*)?\r?\n/.exec(this.#text)?.[0];
    if (whole === undefined || this.#waiting === undefined) return;
    this.#text = this.#text.slice(whole.length);
    const { done } = this.#waiting;
    this.#waiting = undefined;
    done(whole.trim());
  }

  /** @throws MailFailure when another answer than `code` comes, Error when none does */
  async expect(code: string, line?: string): Promise<void> {
    if (this.#failure === undefined) this.#timer.restart();
    if (line !== undefined) this.#socket.write(`${line}\r\n`);
    const answer = await new Promise<string>((done, fail) => {
      if (this.#failure !== undefined) return fail(this.#failure);
      this.#waiting = { done, fail };
      return this.#give();
    });
    if (answer.startsWith(code)) return;
    const command = line === undefined ? 'greeting' : (line.split(/[ :]/)[0] ?? '');
    throw new MailFailure(`${command}: ${answer.slice(0, LOGGED_MAX)}`, !answer.startsWith('5'));
  }

  close(): void {
    this.#timer.cancel();
    this.#socket.destroy();
  }
}

/** `connected`: called when the relay is reached. @throws MailFailure when it was not taken */
export async function sendMail(mail: Mail, relay: Relay, connected?: () => void): Promise<void> {
  const dialogue = new Dialogue(relay, connected);
  let whole = false;
  try {
    await dialogue.expect('220');
    await dialogue.expect('250', `HELO ${header(relay.helo)}`);
    await dialogue.expect('250', `MAIL FROM:<${mail.from}>`);
    for (const to of mail.to) await dialogue.expect('25', `RCPT TO:<${to}>`);
    await dialogue.expect('354', 'DATA');
    whole = true;
    // A line that is a dot alone would end it.
    await dialogue.expect('250', `${mail.message.replace(/^\./gm, '..')}.`);
    await dialogue.expect('221', 'QUIT');
  } catch (error) {
    const refused = error instanceof MailFailure && !error.again;
    throw new MailFailure((error as Error).message, !whole && !refused);
  } finally {
    dialogue.close();
  }
}
