// The SSL block.
import type { SslContext } from '../../../../model/keepalived/virtual-server.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values } from '../../keyword.js';
import { allOf, blocksOf, textOf } from '../../values/values.js';

const PARTS = [
  ['password', 'password', 'password'],
  ['ca', 'cafile', 'authorities'],
  ['certificate', 'certfile', 'certificate'],
  ['key', 'keyfile', 'key'],
] as const;

/** The last block counts, and in it the last value of each keyword; earlier ones are reported. */
export function buildSsl(root: Values, report: Report): SslContext | undefined {
  const blocks = blocksOf(root, 'SSL');
  const last = blocks.at(-1);
  if (last === undefined) return undefined;
  for (const block of blocks.slice(1)) report('ssl-context-twice', block.at);
  const found: Record<string, string> = {};
  for (const [keyword, what, field] of PARTS) {
    for (const block of blocks) {
      for (const { at } of allOf(block, keyword).slice(1)) report('ssl-option-twice', at, { what });
    }
    const value = textOf(last, keyword);
    if (value !== undefined) found[field] = value;
  }
  return found;
}
