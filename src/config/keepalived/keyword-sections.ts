// The keyword tables as a reader of the manual meets them: each block once, and an argument in words.
import type { Argument, Keyword } from './keyword.js';
import { rootKeywords } from './keywords/root.js';

const number = (value: number): string => (Number.isFinite(value) ? String(value) : '');

function range(min: number, max: number): string {
  return Number.isFinite(max) ? `${number(min)}..${number(max)}` : `from ${number(min)}`;
}

/** What stands behind the keyword, in words. */
export function argumentWords(argument: Argument): string {
  switch (argument.kind) {
    case 'flag':
      return '—';
    case 'boolean':
      return '[on|off]';
    case 'integer':
      return `whole number ${range(argument.min, argument.max)}`;
    case 'time': {
      const [scale, unit] = argument.unit === 'ms' ? [1000, 'ms'] : [1_000_000, 's'];
      return `${unit}, decimal, ${range(argument.minUs / scale, argument.maxUs / scale)}`;
    }
    case 'text':
      return argument.maxLength === undefined ? 'word' : `word, at most ${argument.maxLength} characters`;
    case 'address':
      return argument.family === undefined ? 'address' : argument.family === 'inet' ? 'IPv4 address' : 'IPv6 address';
    case 'choice':
      return argument.of.join(' | ');
    case 'raw':
      return 'rest of the line';
    case 'words':
      return argument.min === 0 ? 'words, or none' : 'words';
    case 'script':
      return 'command [user [group]]';
    case 'lines':
      return argument.label === 1 ? 'NAME { lines }' : '{ lines }';
    case 'block':
      return argument.label === 0 ? '{ block }' : 'NAME { block }';
  }
}

export interface KeywordSection {
  readonly title: string;
  readonly table: readonly Keyword[];
}

/** Every block once: HTTP_GET's connection keywords are listed again, a table that two blocks share is listed at the first. */
function sections(title: string, table: readonly Keyword[], seen: Set<readonly Keyword[]>): readonly KeywordSection[] {
  if (seen.has(table)) return [];
  seen.add(table);
  const inner = table.flatMap(({ name, argument }) =>
    argument.kind === 'block'
      ? sections(title === '' ? name : `${title} / ${name}`, argument.keywords(), seen)
      : argument.kind === 'lines' && argument.words !== undefined
        ? sections(`words of ${name}`, argument.words(), seen)
        : [],
  );
  return [{ title, table }, ...inner];
}

/** The first one has no title: what stands outside blocks. */
export const keywordSections = (): readonly KeywordSection[] => sections('', rootKeywords, new Set());
