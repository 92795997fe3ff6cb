// Has nft, iptables and the old iptables tell their rules, where those tools are, and reads them.
import type { BlindSpot, FilterRule } from '../facts.js';
import { sameRules } from '../packet-filter/iptables-chains.js';
import { readIptables } from '../packet-filter/iptables-rules.js';
import { readNft } from '../packet-filter/nft-rules.js';
import { tell } from './run-tool.js';

export function collectFilters(): { readonly filters: readonly FilterRule[]; readonly blind: readonly BlindSpot[] } {
  const blind: BlindSpot[] = [];
  const iptables = tell('iptables-save', []);
  const legacy = tell('iptables-legacy-save', []);
  const nft = tell('nft', ['-j', 'list', 'ruleset']);
  const fromIptables = iptables.kind === 'text' ? readIptables(iptables.text) : { rules: [], tables: [] };
  const again = legacy.kind === 'text' && iptables.kind === 'text' && sameRules(legacy.text, iptables.text);
  const fromLegacy = legacy.kind === 'text' && !again ? readIptables(legacy.text).rules : [];
  const fromNft = nft.kind === 'text' ? readNft(nft.text, fromIptables.tables) : [];
  if (fromNft === undefined) blind.push({ what: 'rules of nft were not looked at', cause: 'nft -j list ruleset wrote no JSON' });
  for (const [tool, told] of [
    ['iptables-save', iptables],
    ['iptables-legacy-save', legacy],
    ['nft', nft],
  ] as const) {
    if (told.kind === 'failed') blind.push({ what: `rules of ${tool} were not looked at`, cause: told.why });
  }
  return { filters: [...fromIptables.rules, ...fromLegacy, ...(fromNft ?? [])], blind };
}
