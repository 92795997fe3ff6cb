// Rules of nft, and of arptables in nftables, that keep ARP about an address from leaving or entering this host.
import type { Address } from '../../model/address.js';
import { parseIpv4 } from '../../model/address-text.js';
import { field, isRecord, type Json, textOf } from '../../model/json.js';

/** A rule that drops such ARP packets, or replaces their sender. */
export interface ArpRule {
  readonly direction: 'in' | 'out';
  /** `in`: who is asked for; `out`: who sends. */
  readonly address: Address;
  readonly prefixLength: number;
  /** Absent: on every interface. */
  readonly interfaceName?: string;
  /** Absent: requests and replies. */
  readonly operation?: string;
}

const DIRECTIONS: Readonly<Record<string, ArpRule['direction']>> = { input: 'in', ingress: 'in', output: 'out', egress: 'out' };
/** Conditions that hold for every ARP packet about IPv4 on Ethernet. */
const ALWAYS = new Set(['htype', 'hlen', 'plen', 'ptype']);
const OPERATIONS: Readonly<Record<string, string>> = { '1': 'request', '2': 'reply' };

type Draft = { -readonly [key in keyof ArpRule]?: ArpRule[key] };

/** Adds one condition; false: one that is not known, so the rule proves nothing. */
function condition(match: Json, draft: Draft): boolean {
  const [left, right] = [field(match, 'left'), field(match, 'right')];
  if (textOf(field(match, 'op')) !== '==') return false;
  const name = textOf(field(left, 'payload', 'field'));
  const meta = textOf(field(left, 'meta', 'key'));
  if (meta === 'iifname' || meta === 'oifname') {
    draft.interfaceName = textOf(right);
    return draft.interfaceName !== '' && !draft.interfaceName.endsWith('*');
  }
  if (textOf(field(left, 'payload', 'protocol')) !== 'arp') return false;
  if (ALWAYS.has(name)) return true;
  if (name === 'operation') {
    draft.operation = OPERATIONS[textOf(right)] ?? textOf(right);
    return draft.operation !== '';
  }
  if (name !== (draft.direction === 'in' ? 'daddr ip' : 'saddr ip')) return false;
  const prefix = field(right, 'prefix');
  const address = parseIpv4(textOf(prefix === undefined ? right : field(prefix, 'addr')));
  if (address === undefined) return false;
  draft.address = address;
  draft.prefixLength = prefix === undefined ? 32 : Number(field(prefix, 'len'));
  return true;
}

const hides = (expression: Json): boolean =>
  isRecord(expression) && ('drop' in expression || 'mangle' in expression || textOf(field(expression, 'xt', 'name')) === 'mangle');

/** `text`: the output of `nft -j list ruleset`. */
export function arpRulesIn(text: string): readonly ArpRule[] {
  let listed: Json;
  try {
    listed = field(JSON.parse(text) as Json, 'nftables');
  } catch {
    return [];
  }
  const items = Array.isArray(listed) ? (listed as readonly Json[]) : [];
  const key = (one: Json, name: string): string => ['family', 'table', name].map((part) => textOf(field(one, part))).join(' ');
  const chains = new Map(
    items
      .map((item) => field(item, 'chain'))
      .flatMap((chain): [string, Json][] => (chain === undefined ? [] : [[key(chain, 'name'), chain]])),
  );
  return items.flatMap((item): ArpRule[] => {
    const rule = field(item, 'rule');
    const chain = rule === undefined ? undefined : chains.get(key(rule, 'chain'));
    const direction = DIRECTIONS[textOf(field(chain, 'hook'))];
    const list = field(rule, 'expr');
    const expressions: readonly Json[] = Array.isArray(list) ? list : [];
    if (direction === undefined || !['arp', 'netdev'].includes(textOf(field(chain, 'family'))) || !expressions.some(hides)) return [];
    const device = textOf(field(chain, 'dev'));
    const draft: Draft = { direction, ...(device === '' ? {} : { interfaceName: device }) };
    const known = expressions.map((one) => field(one, 'match')).every((match) => match === undefined || condition(match, draft));
    const { address, prefixLength } = draft;
    return known && address !== undefined && prefixLength !== undefined ? [{ ...draft, direction, address, prefixLength }] : [];
  });
}
