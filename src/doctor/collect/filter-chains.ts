// The whole packet filter of this network namespace: the old tables of iptables, those that it keeps in nftables, and nft's own.

import type { BlindSpot } from '../facts.js';
import { iptablesChains, sameRules, tablesInNft } from '../packet-filter/iptables-chains.js';
import type { Chain } from '../packet-filter/model.js';
import { nftChains } from '../packet-filter/nft-chains.js';
import { tell } from './run-tool.js';

export interface FilterChains {
  readonly chains: readonly Chain[];
  readonly blind: readonly BlindSpot[];
}

export function collectChains(): FilterChains {
  const blind: BlindSpot[] = [];
  const text = (command: string, args: readonly string[] = []): string => {
    const told = tell(command, args);
    if (told.kind === 'failed') blind.push({ what: `rules of ${command} were not looked at`, cause: told.why });
    return told.kind === 'text' ? told.text : '';
  };
  const chains: Chain[] = [];
  const inNft: string[] = [];
  for (const tool of ['iptables', 'ip6tables'] as const) {
    const plain = text(`${tool}-save`);
    const legacy = text(`${tool}-legacy-save`);
    chains.push(...iptablesChains(plain, tool));
    inNft.push(...tablesInNft(plain, tool));
    if (!sameRules(plain, legacy)) chains.push(...iptablesChains(legacy, `${tool}-legacy`));
  }
  chains.push(...nftChains(text('nft', ['-j', 'list', 'ruleset']), inNft));
  return { chains, blind };
}
