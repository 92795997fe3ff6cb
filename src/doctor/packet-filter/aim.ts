// The destinations and ports that a rule names, whatever else it looks at.
import { parseIpv4 } from '../../model/address-text.js';
import type { Aim, Chain, Prefix, RuleVerdict } from './model.js';

/** One firewall rule for incoming packets that names an address or a port. */
export interface FilterRule extends Aim {
  readonly tool: Chain['tool'];
  /** Its table and chain, as its tool names them: `ip t in`, `filter INPUT`. */
  readonly place: string;
  /** As its tool writes it. */
  readonly text: string;
  readonly verdict: RuleVerdict;
}

const OUTWARD = new Set(['output', 'postrouting', 'egress']);

export function prefixOf(text: string, length: number): Prefix | undefined {
  const address = parseIpv4(text);
  return address === undefined || !Number.isInteger(length) || length < 0 || length > 32 ? undefined : { address, prefixLength: length };
}

export const placeOf = ({ tool, family, table, name }: Pick<Chain, 'tool' | 'family' | 'table' | 'name'>): string =>
  tool === 'nft' ? `${family} ${table} ${name}` : `${table} ${name}`;

/** Rules for IPv4 that name a destination, without those of chains that only outgoing packets pass. */
export function aimedRules(chains: readonly Chain[]): readonly FilterRule[] {
  return chains
    .filter(({ tool, hook }) => !tool.startsWith('ip6') && !OUTWARD.has(hook))
    .flatMap((chain) =>
      chain.rules.flatMap(({ aim, text, verdict }): readonly FilterRule[] => {
        if (aim === undefined || (aim.destinations.length === 0 && aim.ports.length === 0)) return [];
        return [{ ...aim, tool: chain.tool, place: placeOf(chain), text, verdict }];
      }),
    );
}
