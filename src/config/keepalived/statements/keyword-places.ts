// Finds the blocks to which a misplaced keyword belongs: a better hint about an unknown keyword than a similar name.
import type { Keyword } from '../keyword.js';

/** Keyword, by name or older spelling → the blocks that may contain it; '' is the root. Each table is visited once. */
export function blocksByKeyword(root: readonly Keyword[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const seen = new Set<readonly Keyword[]>();
  const walk = (table: readonly Keyword[], block: string): void => {
    if (seen.has(table)) return;
    seen.add(table);
    for (const keyword of table) {
      for (const name of [keyword.name, ...(keyword.aliases ?? [])]) found.set(name, [...(found.get(name) ?? []), block]);
      if (keyword.argument.kind === 'block') walk(keyword.argument.keywords(), keyword.name);
    }
  };
  walk(root, '');
  return found;
}

/** `it belongs in vrrp_instance or vrrp_sync_group`; undefined for a word that is no keyword. */
export function placeHint(blocks: readonly string[] | undefined): string | undefined {
  if (blocks === undefined) return undefined;
  if (blocks.includes('')) return 'it belongs outside all blocks';
  const names = [...new Set(blocks)];
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} other blocks`] : names;
  return `it belongs in ${shown.length === 1 ? shown[0] : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`}`;
}
