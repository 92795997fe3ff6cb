// Parses the output of `nft -j list ruleset` (libnftables-json(5)): rules that match a destination address or port.
import { formatAddress, parseIpv4 } from '../../model/address-text.js';
import type { FilterRule } from '../facts.js';

type Json = unknown;
type Prefix = FilterRule['destinations'][number];
type Ports = FilterRule['ports'][number];

const isRecord = (value: Json): value is Record<string, Json> => typeof value === 'object' && value !== null && !Array.isArray(value);
const field = (value: Json, name: string): Json => (isRecord(value) ? value[name] : undefined);
const textOf = (value: Json): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

const VERDICTS: readonly (readonly [string, FilterRule['verdict']])[] = [
  ['drop', 'drop'],
  ['reject', 'reject'],
  ['accept', 'accept'],
  ['dnat', 'nat'],
  ['redirect', 'nat'],
  ['tproxy', 'nat'],
];

/** The values of a match's right side: one, a set, or a named set's elements. */
function values(right: Json, sets: ReadonlyMap<string, readonly Json[]>): readonly Json[] {
  const set = field(right, 'set');
  if (Array.isArray(set)) return set.flatMap((one) => values(one, sets));
  if (typeof right === 'string' && right.startsWith('@')) return sets.get(right.slice(1)) ?? [];
  const element = field(field(right, 'elem'), 'val');
  return [element ?? right];
}

function prefixOf(value: Json): Prefix | undefined {
  const prefix = field(value, 'prefix');
  const address = parseIpv4(textOf(prefix === undefined ? value : field(prefix, 'addr')));
  const length = prefix === undefined ? 32 : Number(field(prefix, 'len'));
  return address === undefined || !Number.isInteger(length) || length < 0 || length > 32 ? undefined : { address, prefixLength: length };
}

function portsOf(value: Json): Ports | undefined {
  const range = field(value, 'range');
  const [from, to] = Array.isArray(range) ? range.map(Number) : [Number(textOf(value) || Number.NaN), undefined];
  return from === undefined || !Number.isInteger(from) ? undefined : { from, to: to ?? from };
}

interface Matches {
  readonly destinations: Prefix[];
  readonly ports: Ports[];
  protocol?: string;
  /** A negated condition: the rule is left out. */
  negated: boolean;
}

function readMatch(match: Json, sets: ReadonlyMap<string, readonly Json[]>, into: Matches): void {
  const left = field(match, 'left');
  const payload = field(left, 'payload');
  const [protocol, name] = [textOf(field(payload, 'protocol')), textOf(field(payload, 'field'))];
  const right = values(field(match, 'right'), sets);
  const ours = (protocol === 'ip' && name === 'daddr') || name === 'dport' || (protocol === 'ip' && name === 'protocol');
  if (ours && field(match, 'op') === '!=') into.negated = true;
  if (protocol === 'ip' && name === 'daddr') {
    into.destinations.push(...right.flatMap((value) => prefixOf(value) ?? []));
  } else if (name === 'dport') {
    into.ports.push(...right.flatMap((value) => portsOf(value) ?? []));
    if (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp') {
      into.protocol = protocol;
    }
  } else if ((protocol === 'ip' && name === 'protocol') || field(field(left, 'meta'), 'key') === 'l4proto') {
    const [only, more] = right.map(textOf);
    if (only !== undefined && more === undefined) {
      into.protocol = only;
    }
  }
}

/** A short text of the rule: nft's JSON does not contain the rule's own text. */
function wordsOf({ destinations, ports, protocol }: Matches, verdict: string): string {
  const prefixes = destinations.map(
    ({ address, prefixLength }) => formatAddress(address) + (prefixLength === 32 ? '' : `/${prefixLength}`),
  );
  const ranges = ports.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  const many = (words: readonly string[]) => (words.length === 1 ? words[0] : `{ ${words.join(', ')} }`);
  return [
    ...(prefixes.length === 0 ? [] : [`ip daddr ${many(prefixes)}`]),
    ...(ranges.length === 0 ? [] : [`${protocol ?? 'th'} dport ${many(ranges)}`]),
    verdict,
  ].join(' ');
}

function readRule(rule: Json, sets: ReadonlyMap<string, readonly Json[]>): FilterRule | undefined {
  const expressions = field(rule, 'expr');
  const matches: Matches = { destinations: [], ports: [], negated: false };
  const list: readonly Json[] = Array.isArray(expressions) ? expressions : [];
  for (const expression of list) readMatch(field(expression, 'match'), sets, matches);
  const has = (key: string) => list.some((one) => isRecord(one) && Object.hasOwn(one, key));
  if (matches.negated || has('xt') || has('mangle') || (matches.destinations.length === 0 && matches.ports.length === 0)) {
    return undefined; // xt: iptables-save shows it; mangle: sets marks, which services by mark use
  }
  const [word, verdict] = VERDICTS.find(([key]) => has(key)) ?? ['…', 'other' as const];
  const place = ['family', 'table', 'chain'].map((key) => textOf(field(rule, key))).join(' ');
  return {
    tool: 'nft',
    place,
    text: wordsOf(matches, word),
    verdict,
    destinations: matches.destinations,
    ports: matches.ports,
    ...(matches.protocol === undefined ? {} : { protocol: matches.protocol }),
  };
}

/** `known`: tables of family ip that iptables-save has shown already. Undefined when the text is not nft's JSON. */
export function readNft(text: string, known: readonly string[] = []): readonly FilterRule[] | undefined {
  let parsed: Json;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const items = field(parsed, 'nftables');
  if (!Array.isArray(items)) return undefined;
  const sets = new Map<string, readonly Json[]>();
  const outward = new Set<string>();
  const chainOf = (one: Json, name: string) => [field(one, 'family'), field(one, 'table'), field(one, name)].map(textOf).join(' ');
  for (const item of items) {
    const [set, chain] = [field(item, 'set'), field(item, 'chain')];
    const elements = field(set, 'elem');
    if (Array.isArray(elements)) {
      sets.set(
        textOf(field(set, 'name')),
        elements.flatMap((one: Json) => values(one, new Map())),
      );
    }
    if (['output', 'postrouting', 'egress'].includes(textOf(field(chain, 'hook')))) outward.add(chainOf(chain, 'name'));
  }
  return items.flatMap((item) => {
    const rule = field(item, 'rule');
    const shown = field(rule, 'family') === 'ip' && known.includes(textOf(field(rule, 'table')));
    return rule === undefined || shown || outward.has(chainOf(rule, 'chain')) ? [] : (readRule(rule, sets) ?? []);
  });
}
