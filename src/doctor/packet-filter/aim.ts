// The destinations and ports that a rule names, whatever else it looks at.
import { parseAddress } from '../../model/address-text.js';
import type { Aim, Blocked, Chain, Prefix, RuleVerdict } from './model.js';

/** One firewall rule for incoming packets that names an address or a port. */
export interface FilterRule extends Aim {
  readonly tool: Chain['tool'];
  /** `ip` and `ip6`: it meets packets of one family alone. */
  readonly family: string;
  /** Its table and chain, as its tool names them: `ip t in`, `filter INPUT`. */
  readonly place: string;
  /** As its tool writes it. */
  readonly text: string;
  readonly verdict: RuleVerdict;
}

const OUTWARD = new Set(['output', 'postrouting', 'egress']);

/** `length` undefined: of the whole address. */
export function prefixOf(text: string, length?: number): Prefix | undefined {
  const address = parseAddress(text);
  const whole = address?.family === 'inet6' ? 128 : 32;
  const prefixLength = length ?? whole;
  return address === undefined || !Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > whole
    ? undefined
    : { address, prefixLength };
}

const placeOf = ({ tool, family, table, name }: Pick<Chain, 'tool' | 'family' | 'table' | 'name'>): string =>
  tool === 'nft' ? `${family} ${table} ${name}` : `${table} ${name}`;

/** Where a rule stands that stops a packet, as `place` of a FilterRule. */
export const blockedPlace = (by: Blocked): string => placeOf({ ...by, name: by.chain });

/** The rule, with the tool and the chain. */
export const blockedText = (by: Blocked): string => `"${by.text}" (${by.tool}, ${blockedPlace(by)})`;

/** As its line is written in findings. */
export const chainText = (by: Blocked): string => `the ${by.tool} chain ${blockedPlace(by)} (${by.text})`;

/** Rules that name a destination or a port, without those of chains that only outgoing packets pass. */
export function aimedRules(chains: readonly Chain[]): readonly FilterRule[] {
  return chains
    .filter(({ hook }) => !OUTWARD.has(hook))
    .flatMap((chain) =>
      chain.rules.flatMap(({ aim, text, verdict }): readonly FilterRule[] => {
        if (aim === undefined || (aim.destinations.length === 0 && aim.ports.length === 0)) return [];
        return [{ ...aim, tool: chain.tool, family: chain.family, place: placeOf(chain), text, verdict }];
      }),
    );
}
