// Writes a value back as the words behind its keyword on a line of keepalived.conf.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Argument, Word } from '../keyword.js';
import { splitCommand } from '../values/script.js';

/** A word quoted where needed, so that reading it gives `text` again. (This language cannot write a word that contains a `"`.) */
export const wordText = (text: string): string => (text === '' || /[\s#!{}"]/.test(text) ? `"${text}"` : text);

/** Decimal digits of `amount` / 10^places, without trailing zeros. */
function decimal(amount: number, places: number): string {
  const digits = BigInt(Math.round(amount))
    .toString()
    .padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, '');
}

export const secondsText = (us: number): string => decimal(us, 6);

/** A word for keepalived's splitter, which understands `"` and backslashes. Unprintable characters become octal escapes. */
function scriptWord(text: string): string {
  if (/^[!-~]+$/.test(text) && !/[#!{}"'\\]/.test(text)) return text;
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[^ -\uffff]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return `"${escaped}"`;
}

function scriptText({ text, runAs }: Script): string {
  const parts = [text, ...(runAs === undefined ? [] : [runAs.user]), ...(runAs?.group === undefined ? [] : [runAs.group])];
  return parts.map(scriptWord).join(' ');
}

/** A line stored as it was written, for the splitter: a regular expression, or a script that may be absent. */
const rawText = (raw: string): string => splitCommand(raw)?.map(scriptWord).join(' ') ?? raw.trim();

/** undefined: the value is a block or a list and has lines of its own. A `flag` has no words: ''. */
export function argumentText(argument: Argument, value: unknown): string | undefined {
  switch (argument.kind) {
    case 'flag':
      return '';
    case 'boolean':
      return value === true ? 'on' : 'off';
    case 'integer':
      return String(value);
    case 'time':
      return argument.unit === 'ms' ? decimal(value as number, 3) : secondsText(value as number);
    case 'text':
    case 'choice':
      return wordText(value as string);
    case 'address':
      return formatAddress(value as Address);
    case 'raw':
      return rawText(value as string);
    case 'words':
      return (value as readonly Word[]).map(({ text }) => wordText(text)).join(' ');
    case 'script':
      return scriptText(value as Script);
    case 'lines':
    case 'block':
      return undefined;
  }
}
