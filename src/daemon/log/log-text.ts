// How a line of the log looks: on the console, to syslog, and the start-up line that repeats the command. Pure.

import { DAYS, MONTHS, two } from '../../model/calendar.js';
import type { LogLevel } from '../../model/log-level.js';

/** Syslog's severities. `debug` is keepalived's detail (-D), which it sends as info. */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, notice: 5, info: 6, debug: 6 };

const clock = (at: Date): string => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;

/** `Fri Nov 20 12:02:54 2026`, local time, as ctime(3) writes it. */
export function ctime(at: Date): string {
  const day = String(at.getDate()).padStart(2, ' ');
  return `${DAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${day} ${clock(at)} ${at.getFullYear()}`;
}

/** What a line on the console or in a file begins with. */
export const consolePrefix = (at: Date): string => `${ctime(at)}: `;

/** Nothing in a line may end it or play with a terminal: names and files come from outside. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** `<30>Nov 20 12:02:04 Keepalived[20538]: text` (RFC 3164 as syslog(3) sends it). */
export function syslogLine(at: Date, facility: number, level: LogLevel, ident: string, pid: number, text: string): string {
  const day = String(at.getDate()).padStart(2, ' ');
  return `<${facility * 8 + SEVERITIES[level]}>${MONTHS[at.getMonth()]} ${day} ${clock(at)} ${ident}[${pid}]: ${text}`;
}

/** Columns of a line of `Command line:`. */
const WIDTH = 102;

/** `Command line: 'keepalived' '-n' …`, in as many lines as it takes, those behind the first indented. */
export function commandLines(words: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let line = 'Command line:';
  for (const word of words) {
    const quoted = ` '${word}'`;
    if (line.length + quoted.length > WIDTH && line.trim() !== 'Command line:' && line.trim() !== '') {
      lines.push(line);
      line = ' '.repeat(13);
    }
    line += quoted;
  }
  return [...lines, line];
}
