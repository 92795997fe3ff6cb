// Writes docs/keepalived-reference.md from the tables of keywords, and the table of docs/config-lint.md from the rules:
// node build/dev/keepalived-reference.js
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Argument, Keyword } from '../src/config/keepalived/keyword.js';
import { rootKeywords } from '../src/config/keepalived/keywords/root.js';
import { lintVerdicts } from '../src/config/keepalived/lint/lint.js';

const number = (value: number): string => (Number.isFinite(value) ? String(value) : '');

function range(min: number, max: number): string {
  return Number.isFinite(max) ? `${number(min)}..${number(max)}` : `from ${number(min)}`;
}

/** What stands behind the keyword, in words. */
function argumentWords(argument: Argument): string {
  switch (argument.kind) {
    case 'flag':
      return '—';
    case 'boolean':
      return '[on\\|off]';
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
      return argument.of.join(' \\| ');
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

const cell = (text: string): string => text.replace(/(?<!\\)\|/g, '\\|');

function row({
  name,
  aliases = [],
  argument,
  default: standard = '',
  meaning,
  acted,
  because,
  since,
  repeated,
  deprecated = [],
}: Keyword): string {
  const names = [name, ...aliases].map((one) => `\`${one}\`${deprecated.includes(one) ? ' (old)' : ''}`).join(', ');
  const notes = [
    ...(repeated === true ? ['May be repeated.'] : []),
    ...(since === undefined ? [] : [`keepalived ${since}.`]),
    ...(acted === 'accepted' ? [`**Accepted, without effect in weir${because === undefined ? '' : `: ${cell(because)}`}.**`] : []),
  ];
  return `| ${names} | ${argumentWords(argument)} | ${standard === '' ? '' : `\`${cell(standard)}\``} | ${[cell(meaning), ...notes].join(' ')} |`;
}

const HEAD = ['| keyword | argument | default | meaning |', '|---|---|---|---|'];

interface Section {
  readonly title: string;
  readonly table: readonly Keyword[];
}

/** Every block once: HTTP_GET's connection keywords are listed again, a table that two blocks share is listed at the first. */
function sections(title: string, table: readonly Keyword[], seen: Set<readonly Keyword[]>): readonly Section[] {
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

/** The whole text of docs/keepalived-reference.md. */
export function keepalivedReference(): string {
  const [root, ...blocks] = sections('', rootKeywords, new Set());
  const lines = [
    '# keepalived.conf, keyword by keyword',
    '',
    'Generated from the keyword tables of the reader (`node build/dev/keepalived-reference.js`).',
    'Times are in seconds with up to six decimals, unless ms is stated.',
    'A default that names a keyword means the value of that keyword in `global_defs`.',
    '',
    '## Outside blocks',
    '',
    ...HEAD,
    ...(root?.table.map(row) ?? []),
    '',
    ...blocks.flatMap(({ title, table }) => [`## ${title}`, '', ...HEAD, ...table.map(row), '']),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** The rows of docs/config-lint.md. */
const lintRows = (): string =>
  lintVerdicts.map(({ code, severity, meaning }) => `| \`${code}\` | ${severity} | ${cell(meaning)} |`).join('\n');

const TABLE = /(\| code \| severity \| found when \|\n\|---\|---\|---\|\n)(?:\|[^\n]*\n)*/;

/** docs/config-lint.md with its table of codes brought up to date. */
export const withLintRows = (text: string): string => text.replace(TABLE, (_, head: string) => `${head}${lintRows()}\n`);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync('docs/keepalived-reference.md', keepalivedReference());
  writeFileSync('docs/config-lint.md', withLintRows(readFileSync('docs/config-lint.md', 'utf8')));
}
