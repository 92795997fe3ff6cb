// Which values that a block does not set could be written in it.
import type { Keyword } from '../keyword.js';
import { readTime, readWhole } from '../values/number.js';

/** Can the line `keyword text` be read without a message? */
export function isReadable({ argument }: Keyword, text: string): boolean {
  if (text.includes(', ')) return false;
  switch (argument.kind) {
    case 'boolean':
      return /^(on|off)$/.test(text);
    case 'integer':
      return readWhole(text, argument).problem === undefined;
    case 'time':
      return readTime(text, argument).problem === undefined;
    case 'choice':
      return argument.of.includes(text);
    case 'text':
      return /^[^\s#!{}"'@]+$/.test(text);
    default:
      return true;
  }
}
