// Reads the rules of nft, iptables and iptables-legacy, as far as these tools are installed.

import { runTool } from '../../host/run-tool.js';
import type { FilterRule, NotExamined } from '../facts.js';
import { sameRules } from '../packet-filter/iptables-chains.js';
import { readIptables } from '../packet-filter/iptables-rules.js';
import { readNft } from '../packet-filter/nft-rules.js';

export function collectFilterRules(): { readonly filters: readonly FilterRule[]; readonly notExamined: readonly NotExamined[] } {
  const notExamined: NotExamined[] = [];
  const iptables = runTool('iptables-save', []);
  const legacy = runTool('iptables-legacy-save', []);
  const nft = runTool('nft', ['-j', 'list', 'ruleset']);
  const fromIptables = iptables.kind === 'text' ? readIptables(iptables.text) : { rules: [], tables: [] };
  const isCopy = legacy.kind === 'text' && iptables.kind === 'text' && sameRules(legacy.text, iptables.text);
  const fromLegacy = legacy.kind === 'text' && !isCopy ? readIptables(legacy.text).rules : [];
  const fromNft = nft.kind === 'text' ? readNft(nft.text, fromIptables.tables) : [];
  if (fromNft === undefined) notExamined.push({ what: 'rules of nft were not examined', cause: 'nft -j list ruleset wrote no JSON' });
  for (const [tool, run] of [
    ['iptables-save', iptables],
    ['iptables-legacy-save', legacy],
    ['nft', nft],
  ] as const) {
    if (run.kind === 'failed') notExamined.push({ what: `rules of ${tool} were not examined`, cause: run.why });
  }
  return { filters: [...fromIptables.rules, ...fromLegacy, ...(fromNft ?? [])], notExamined };
}
