// The packet filter of this network namespace: the tables of iptables-legacy, of iptables in nftables, and of nft itself.

import { FIREWALL_TABLE } from '../../datapath/ebpf/load/firewall-table.js';
import { runTool } from '../../host/run-tool.js';
import type { NotExamined } from '../facts.js';
import { iptablesChains, sameRules, tablesInNft } from '../packet-filter/iptables-chains.js';
import type { Chain } from '../packet-filter/model.js';
import { nftChains } from '../packet-filter/nft-chains.js';

export interface FilterChains {
  /** Without weir's own. */
  readonly chains: readonly Chain[];
  readonly notExamined: readonly NotExamined[];
  /** Tools that are not installed. */
  readonly absent: ReadonlySet<'nft' | 'iptables'>;
}

/** Without the table by which what the others accept goes back to the datapath. */
export const withoutOwn = (chains: readonly Chain[]): readonly Chain[] =>
  chains.filter(({ tool, family, table }) => tool !== 'nft' || table !== FIREWALL_TABLE || (family !== 'ip' && family !== 'ip6'));

export function collectFilterChains(): FilterChains {
  const notExamined: NotExamined[] = [];
  const missing = new Set<string>();
  const text = (command: string, args: readonly string[] = []): string => {
    const run = runTool(command, args);
    if (run.kind === 'absent') missing.add(command);
    if (run.kind === 'failed') notExamined.push({ what: `rules of ${command} were not examined`, cause: run.why });
    return run.kind === 'text' ? run.text : '';
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
  const nft = text('nft', ['-j', 'list', 'ruleset']);
  const fromNft = nft === '' ? [] : nftChains(nft, inNft);
  if (fromNft === undefined) notExamined.push({ what: 'rules of nft were not examined', cause: 'nft -j list ruleset wrote no JSON' });
  chains.push(...withoutOwn(fromNft ?? []));
  const absent = new Set<'nft' | 'iptables'>();
  // What iptables keeps in nf_tables it can read itself, but not what else is there.
  if (missing.has('nft')) absent.add('nft');
  if (missing.has('iptables-save') && missing.has('iptables-legacy-save')) absent.add('iptables');
  return { chains, notExamined, absent };
}
