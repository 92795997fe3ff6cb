// Updates the manual's table of schedulers in docs/ipvsadm.md: `node build/dev/scheduler-table.js`
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { schedulers } from '../src/model/schedulers.js';

const SCHEDULERS = /(\| scheduler \| chooses \|\n\|---\|---\|\n)(?:\|[^\n]*\n)*/;

/** docs/ipvsadm.md with its table as src/model has it. */
export const withSchedulers = (text: string): string =>
  text.replace(SCHEDULERS, (_, head: string) => head + schedulers.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |\n`).join(''));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync('docs/ipvsadm.md', withSchedulers(readFileSync('docs/ipvsadm.md', 'utf8')));
}
