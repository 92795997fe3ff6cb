// The mails of smtp_alert: recipients and text, as keepalived writes them. Pure.

import { DAYS, MONTHS, two } from '../../model/calendar.js';
import type { GlobalSettings } from '../../model/keepalived/global.js';

/** What happened, as VRRP reports it. */
interface VrrpMailEvent {
  readonly type: 'INSTANCE' | 'GROUP';
  readonly name: string;
  readonly event: string;
}

/** What happened to a server, in the checker's words. `subject` stands behind the router's name. */
interface ServerMailEvent {
  readonly type: 'SERVER';
  readonly subject: string;
  readonly text: string;
  /** A line of its own behind the text. */
  readonly detail?: string;
}

export type MailEvent = VrrpMailEvent | ServerMailEvent;

export interface Mail {
  readonly from: string;
  /** Bare addresses. */
  readonly to: readonly string[];
  /** Headers, an empty line and the text; lines end in CRLF. */
  readonly message: string;
}

/** `Fri, 20 Nov 2026 12:07:51 +0000` (RFC 5322 3.3), local time. */
export function mailDate(at: Date): string {
  const away = -at.getTimezoneOffset();
  const zone = `${away < 0 ? '-' : '+'}${two(Math.floor(Math.abs(away) / 60))}${two(Math.abs(away) % 60)}`;
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  return `${DAYS[at.getDay()]}, ${two(at.getDate())} ${MONTHS[at.getMonth()]} ${at.getFullYear()} ${clock} ${zone}`;
}

/** `"Name" <a@b>` stands as two words in the file: a name belongs to the address behind it. */
function recipients(words: readonly string[]): readonly { readonly address: string; readonly shown: string }[] {
  const found: { address: string; shown: string }[] = [];
  let name = '';
  for (const word of words) {
    const [, before = '', inBrackets, bare] = /^(?:([^<]*)<([^<>\s]+@[^<>\s]+)>|([^<>\s]+@[^<>\s]+))$/.exec(word) ?? [];
    const address = inBrackets ?? bare ?? '';
    if (address === '') {
      name = word;
      continue;
    }
    const title = (before.trim() || name).trim();
    found.push({ address, shown: title === '' ? address : `${title} <${address}>` });
    name = '';
  }
  return found;
}

/** Nothing in a header can end it, nor in a command to a relay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
export const header = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, ' ');

function words({ type, event }: VrrpMailEvent): { readonly what: string; readonly text: string } {
  if (event === 'SPLIT_BRAIN') return { what: 'Split brain', text: 'Another host says that it is MASTER, too' };
  if (event === 'SPLIT_BRAIN_OVER') return { what: 'Split brain is over', text: 'There is one MASTER again' };
  const what = event === 'DELETED' ? 'Deleted' : event === 'STOP' ? 'Stopping' : `Entering ${event} state`;
  if (type === 'GROUP') return { what, text: `All VRRP group instances are now in ${event} state` };
  return { what, text: event === 'MASTER' ? 'VRRP Instance is now owning VRRP VIPs' : 'VRRP Instance is no longer owning VRRP VIPs' };
}

function contentOf(event: MailEvent): Pick<ServerMailEvent, 'subject' | 'text' | 'detail'> {
  if (event.type === 'SERVER') return event;
  const { what, text } = words(event);
  return { subject: `${event.type === 'GROUP' ? 'VRRP Group' : 'VRRP Instance'} ${event.name} - ${what}`, text };
}

/** Undefined: there is no recipient. */
export function composeMail(event: MailEvent, global: GlobalSettings, hostName: string, at: Date): Mail | undefined {
  const to = recipients(global.notificationEmail);
  if (to.length === 0) return undefined;
  const from = global.emailFrom ?? `keepalived@${hostName}`;
  const { subject, text, detail } = contentOf(event);
  const lines = [
    `Date: ${mailDate(at)}`,
    `From: ${header(from)}`,
    `Subject: ${header(`[${global.routerId ?? hostName}] ${subject}`)}`,
    'X-Mailer: Keepalived',
    `To: ${header(to.map(({ shown }) => shown).join(', '))}`,
    '',
    `=> ${text} <=`,
    '',
    ...(detail === undefined ? [] : [header(detail)]),
  ];
  const [, bare = from] = /<([^<>]+)>/.exec(from) ?? [];
  return { from: header(bare), to: to.map(({ address }) => header(address)), message: lines.map((line) => `${line}\r\n`).join('') };
}
