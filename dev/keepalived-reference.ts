// Writes docs/keepalived-reference.md from the tables of keywords, and the table of docs/config-lint.md from the rules:
// node build/dev/keepalived-reference.js
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Keyword } from '../src/config/keepalived/keyword.js';
import { argumentWords, keywordSections } from '../src/config/keepalived/keyword-sections.js';
import { lintVerdicts } from '../src/config/keepalived/lint/lint.js';

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
  return `| ${names} | ${cell(argumentWords(argument))} | ${standard === '' ? '' : `\`${cell(standard)}\``} | ${[cell(meaning), ...notes].join(' ')} |`;
}

const HEAD = ['| keyword | argument | default | meaning |', '|---|---|---|---|'];

/** The whole text of docs/keepalived-reference.md. */
export function keepalivedReference(): string {
  const [root, ...blocks] = keywordSections();
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
