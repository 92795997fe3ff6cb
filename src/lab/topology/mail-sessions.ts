// The sessions of a lab's mail server: SMTP, POP3 and IMAP, as far as curl(1) and health checks speak them. Lines in, answers out.
import type { MailProtocol } from '../definition/lab.js';

/** What one mail server is for all its sessions. */
export interface MailServer {
  readonly host: string;
  readonly greeting: string;
  /** Mails as they came, lines ended by CRLF. */
  readonly mails: string[];
  /** Takes no mail at the moment. */
  isFull(): boolean;
}

export interface Answer {
  readonly send: string;
  /** The session is over. */
  readonly ends?: boolean;
  /** A mail was taken, or handed out. */
  readonly served?: boolean;
}

export interface Session {
  begin(): Answer;
  line(text: string): Answer;
}

const lines = (...texts: readonly string[]): string => texts.map((text) => `${text}\r\n`).join('');
const wordsOf = (text: string): readonly string[] => text.trim().split(/\s+/);
/** As in POP3 and SMTP (RFC 1939 and 5321): a line that begins with a dot gets another one. */
const dotted = (mail: string): string => mail.replaceAll(/^\./gm, '..');
const undotted = (line: string): string => line.replace(/^\./, '');

class SmtpSession implements Session {
  /** The lines of the mail that is being sent. */
  #mail: string[] | undefined;

  constructor(readonly server: MailServer) {}

  begin(): Answer {
    const { host, greeting } = this.server;
    return this.server.isFull()
      ? { send: lines(`421 ${host} takes no mail at the moment`), ends: true }
      : { send: lines(`220 ${host} ESMTP ${greeting}`) };
  }

  line(text: string): Answer {
    if (this.#mail !== undefined) return this.#data(this.#mail, text);
    const { host } = this.server;
    switch (wordsOf(text)[0]?.toUpperCase()) {
      case 'EHLO':
      case 'HELO':
        return { send: lines(`250 ${host}`) };
      case 'MAIL':
      case 'RCPT':
      case 'RSET':
      case 'NOOP':
        return { send: lines('250 OK') };
      case 'DATA':
        this.#mail = [];
        return { send: lines('354 the mail, then a line with a dot') };
      case 'QUIT':
        return { send: lines(`221 ${host}`), ends: true };
      default:
        return { send: lines('502 not known here') };
    }
  }

  #data(mail: string[], text: string): Answer {
    if (text !== '.') {
      mail.push(undotted(text));
      return { send: '' };
    }
    this.server.mails.push(lines(...mail));
    this.#mail = undefined;
    return { send: lines('250 taken'), served: true };
  }
}

class Pop3Session implements Session {
  constructor(readonly server: MailServer) {}

  begin(): Answer {
    return { send: lines(`+OK ${this.server.greeting}`) };
  }

  line(text: string): Answer {
    const { mails } = this.server;
    const [verb = '', number = ''] = wordsOf(text);
    const mail = mails[Number(number) - 1];
    switch (verb.toUpperCase()) {
      case 'CAPA':
        return { send: lines('+OK', 'USER', '.') };
      case 'USER':
      case 'PASS':
      case 'NOOP':
        return { send: lines('+OK') };
      case 'STAT':
        return { send: lines(`+OK ${mails.length} ${mails.join('').length}`) };
      case 'LIST':
        return { send: lines('+OK', ...mails.map((each, index) => `${index + 1} ${each.length}`), '.') };
      case 'RETR':
        return mail === undefined
          ? { send: lines('-ERR no such mail') }
          : { send: `${lines('+OK')}${dotted(mail)}${lines('.')}`, served: true };
      case 'QUIT':
        return { send: lines('+OK'), ends: true };
      default:
        return { send: lines('-ERR not known here') };
    }
  }
}

class ImapSession implements Session {
  constructor(readonly server: MailServer) {}

  begin(): Answer {
    return { send: lines(`* OK ${this.server.greeting}`) };
  }

  line(text: string): Answer {
    const { mails } = this.server;
    const [tag = '*', verb = '', number = ''] = wordsOf(text);
    const done = `${tag} OK`;
    const mail = mails[Number(number) - 1];
    switch (verb.toUpperCase()) {
      case 'CAPABILITY':
        return { send: lines('* CAPABILITY IMAP4rev1', done) };
      case 'LOGIN':
      case 'NOOP':
        return { send: lines(done) };
      case 'SELECT':
        return { send: lines(`* ${mails.length} EXISTS`, done) };
      case 'FETCH':
        return mail === undefined
          ? { send: lines(`${tag} NO such mail`) }
          : { send: `* ${number} FETCH (BODY[] {${mail.length}}\r\n${mail})\r\n${lines(done)}`, served: true };
      case 'LOGOUT':
        return { send: lines('* BYE', done), ends: true };
      default:
        return { send: lines(`${tag} BAD not known here`) };
    }
  }
}

const SESSIONS = { smtp: SmtpSession, pop3: Pop3Session, imap: ImapSession } as const;

export const mailSession = (protocol: MailProtocol, server: MailServer): Session => new SESSIONS[protocol](server);

/** The mail that is in every mailbox of a host. */
export const firstMail = (host: string, text: string): string => lines(`From: postmaster@${host}`, 'Subject: Welcome', '', text);
