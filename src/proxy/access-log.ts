// Lines of the access log: nginx's combined format with what weir knows besides, or an object of JSON a line.
import type { AccessRecord } from '../control/proxy/access-record.js';
import { formatAddress } from '../model/address-text.js';
import { MONTHS, two } from '../model/calendar.js';

export type AccessLogFormat = 'combined' | 'json';

/** `26/Nov/2026:17:10:00 +0000`: UTC. */
function timeLocal(at: Date): string {
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  return `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${time} +0000`;
}

/** As nginx escapes: what could end a value or a line is `\xXX`. */
const escaped = (text: string): string =>
  text.replace(/[^ !#-[\]-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

const orDash = (text: string): string => (text === '' ? '-' : escaped(text));
const ms = (us: number): number => Math.round(us / 100) / 10;
const phaseMs = (record: AccessRecord, us: number): number => (us < 0 ? -1 : ms(us - record.startUs));

/** Why an answer is the proxy's own, or was cut; `done` for all others. */
const endingText = ({ ending, cause }: AccessRecord): string => (cause === '' ? ending : `${ending}: ${cause}`);

/** combined, then: server, tries, milliseconds to the answer's head and to its end, and why it ended. */
function combinedLine(record: AccessRecord, at: Date): string {
  const { client, method, target, minor, status, bodyBytes, referer, agent, server, tries } = record;
  const request = method === '' ? '-' : `${escaped(method)} ${escaped(target)} HTTP/1.${minor}`;
  const times = `${phaseMs(record, record.headUs)} ${phaseMs(record, record.endUs)}`;
  return `${formatAddress(client)} - - [${timeLocal(at)}] "${request}" ${status} ${bodyBytes} "${orDash(referer)}" "${orDash(agent)}" ${orDash(server)} ${tries} ${times} "${escaped(endingText(record))}"\n`;
}

/** What clients send is any bytes, and the file is UTF-8: what is not ASCII is `\uXXXX`, a byte by its value. */
const ascii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

function jsonLine(record: AccessRecord, at: Date): string {
  const { startUs, headUs, endUs, client, minor, ...others } = record;
  const times = { headMs: phaseMs(record, headUs), totalMs: ms(endUs - startUs) };
  const line = { time: at.toISOString(), client: formatAddress(client), protocol: `HTTP/1.${minor}`, ...others, ...times };
  return `${ascii(JSON.stringify(line))}\n`;
}

/** One line with its end. `at`: when the request ended. */
export const accessLine = (format: AccessLogFormat, record: AccessRecord, at: Date): string =>
  format === 'json' ? jsonLine(record, at) : combinedLine(record, at);
