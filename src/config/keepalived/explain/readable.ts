// Which defaults of the tables can stand in a file: some are words about a value (`keepalived@HOST`), some mean more when they are said.
import type { Keyword } from '../keyword.js';
import { readTime, readWhole } from '../number.js';

/** Said, these would do something that leaving them out does not. */
const ONLY_TOLD: ReadonlySet<string> = new Set([
  'smtp_server',
  'notification_email_from',
  'script_user',
  'user',
  'timeout',
  'dbus_service_name',
]);

/** Would the line `keyword text` be read without a word? */
export function isReadable({ name, argument }: Keyword, text: string): boolean {
  if (ONLY_TOLD.has(name) || text.includes(', ')) return false;
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
