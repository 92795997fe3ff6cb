// Writes the reasons of dropped packets into docs/operate.md, from the datapath's own list: node build/dev/drop-reasons.js
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { REASONS } from '../src/datapath/ebpf/reasons.gen.js';

const PAGE = 'docs/operate.md';
const HEAD = '<!-- reasons: node build/dev/drop-reasons.js writes these rows -->\n| Reason | Meaning |\n|---|---|\n';

/** The page with the rows as they must be. @throws Error where the page has no place for them */
export function withReasons(text: string): string {
  const at = text.indexOf(HEAD);
  if (at < 0) throw new Error(`${PAGE} has no table of reasons`);
  const [before, rest] = [text.slice(0, at + HEAD.length), text.slice(at + HEAD.length)];
  const rows = REASONS.filter(({ key }) => key !== 'none').map(({ key, text: meaning }) => `| \`${key}\` | ${meaning} |\n`);
  return `${before}${rows.join('')}${rest.replace(/^(\|[^\n]*\n)*/, '')}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(PAGE, withReasons(readFileSync(PAGE, 'utf8')));
