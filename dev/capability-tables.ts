// Updates the manual's lists of missing features and of schedulers: tables in docs/ipvsadm.md, a list in README.md.
// `node build/dev/capability-tables.js`
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { capabilities } from '../src/model/capabilities.js';
import { schedulers } from '../src/model/schedulers.js';

const MISSING = /(\| not there yet \| until then \|\n\|---\|---\|\n)(?:\|[^\n]*\n)*/;
const SCHEDULERS = /(\| scheduler \| chooses \|\n\|---\|---\|\n)(?:\|[^\n]*\n)*/;

const table = (rows: readonly (readonly string[])[]): string => rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');

const missingRows = (): string => {
  const missing = capabilities.filter(({ present }) => !present).map(({ name, meanwhile }) => [name, meanwhile]);
  return table(missing.length === 0 ? [['nothing', '–']] : missing);
};

const schedulerRows = (): string => table(schedulers.map(({ name, meaning }) => [`\`${name}\``, meaning]));

/** docs/ipvsadm.md with both tables as src/model has them. */
export const withCapabilityRows = (text: string): string =>
  text
    .replace(MISSING, (_, head: string) => `${head}${missingRows()}`)
    .replace(SCHEDULERS, (_, head: string) => `${head}${schedulerRows()}`);

const LIST = /(<!-- made by dev\/capability-tables\.ts -->\n)(?:[^\n]*\n)*?(<!-- end -->)/;

/** README.md with its list of what is missing. */
export function withMissingList(text: string): string {
  const names = capabilities.filter(({ present }) => !present).map(({ name }) => name);
  const lead = 'Not there yet, and refused with a plain line (docs/ipvsadm.md has what that means for traffic):';
  const list = names.length === 0 ? '' : `${lead} ${new Intl.ListFormat('en').format(names)}.`;
  const lines = list.match(/.{1,99}(?: |$)/g) ?? [];
  return text.replace(LIST, (_, head: string, end: string) => `${head}${lines.map((line) => `${line.trim()}\n`).join('')}${end}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync('docs/ipvsadm.md', withCapabilityRows(readFileSync('docs/ipvsadm.md', 'utf8')));
  writeFileSync('README.md', withMissingList(readFileSync('README.md', 'utf8')));
}
