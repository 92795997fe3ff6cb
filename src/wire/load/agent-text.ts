// The text of HAProxy's agent-check: one line of ASCII words, separated by blanks, tabs or commas, in any order. What is not in it is not changed.
// HAProxy's configuration manual, "agent-check".
import { printableAscii } from '../../model/printable-ascii.js';

/** `percent`: of the configured weight. `admin`: what an operator decided on the server; `operating`: whether it works. `why`: the text behind `#`. */
export interface AgentText {
  readonly percent?: number;
  readonly admin?: 'ready' | 'drain' | 'maint';
  readonly operating?: 'up' | 'down' | 'fail' | 'stopped';
  readonly why?: string;
}

const LINE_MAX = 1024;
const PERCENT = /^(?:weight:)?(\d{1,5})%$/;
/** An absolute weight and a limit of connections: this side keeps its own. */
const KEPT = /^(?:weight|maxconn):\d{1,10}$/;
const ADMIN: ReadonlySet<string> = new Set(['ready', 'drain', 'maint']);
const OPERATING: ReadonlySet<string> = new Set(['up', 'down', 'fail', 'stopped']);

/** The line as far as it came; undefined: its end is still to come. @throws RangeError for one that is too long */
export function agentLine(text: string, ended: boolean): string | undefined {
  const end = text.search(/[\r\n]/);
  if ((end < 0 ? text.length : end) > LINE_MAX) throw new RangeError(`the line is longer than ${LINE_MAX} characters`);
  return end >= 0 ? text.slice(0, end) : ended ? text : undefined;
}

/** A text: what is wrong with the line. */
export function decodeAgentText(line: string): AgentText | string {
  let found: AgentText = {};
  const [words = '', ...reason] = line.split('#');
  for (const word of words.split(/[ \t,]+/).filter((one) => one !== '')) {
    const [, percent] = PERCENT.exec(word) ?? [];
    const lower = word.toLowerCase();
    if (percent !== undefined) found = { ...found, percent: Number(percent) };
    else if (ADMIN.has(lower)) found = { ...found, admin: lower as NonNullable<AgentText['admin']> };
    else if (OPERATING.has(lower)) found = { ...found, operating: lower as NonNullable<AgentText['operating']> };
    else if (!KEPT.test(lower)) return `the agent's word ${JSON.stringify(word.slice(0, 40))} is not known`;
  }
  if (Object.keys(found).length === 0) return 'the line of the agent is empty';
  return reason.length === 0 ? found : { ...found, why: reason.join('#').trim() };
}

/** What the agent answers: the idle share as a percentage, or what an operator decided. */
export function encodeAgentText({ percent, admin, operating, why }: AgentText): string {
  const words = [admin, operating === undefined || why === undefined ? operating : `${operating}#${printableAscii(why)}`];
  return `${[...(percent === undefined ? [] : [`${percent}%`]), ...words.filter((word) => word !== undefined)].join(' ')}\n`;
}
