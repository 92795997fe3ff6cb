// Parses the output of `nft -j list ruleset` (libnftables-json(5)) into chains.
import { type Address, isMulticast } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { field, isRecord, type Json, listOf, textOf } from '../../model/json.js';
import { ALL_BITS, type MarkPlace, type MarkWrite } from './marks.js';
import {
  type Answer,
  allOf,
  anyOf,
  type Chain,
  type Decision,
  DISCOVERY_TYPES,
  decided,
  destinationType,
  interfaceIn,
  interfaceOut,
  isEndIn,
  isPortIn,
  namesInterface,
  type PacketProbe,
  protocolWords,
  type Rule,
  stateOf,
} from './model.js';
import { nftAim, nftVerdict } from './nft-aim.js';
import { nftRuleText } from './nft-rule-text.js';

/** Elements of named sets, pairs of named maps, by family, table and name. */
type Sets = ReadonlyMap<string, readonly Json[]>;

interface Place {
  readonly sets: Sets;
  /** Family and table, where names are looked up. */
  readonly table: string;
}

const OTHER_PROTOCOLS = new Set(['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'icmp', 'icmpv6', 'igmp', 'esp', 'comp', 'arp', 'vlan']);
const VERDICTS = ['accept', 'drop', 'reject', 'return', 'jump', 'goto', 'queue'] as const;

/** The values of a right side, with sets and lists expanded; null: not known. */
function values(right: Json, place: Place): readonly Json[] {
  const set = field(right, 'set');
  if (set !== undefined) return listOf(set).flatMap((one) => values(one, place));
  if (Array.isArray(right)) return (right as readonly Json[]).flatMap((one) => values(one, place));
  const element = field(right, 'elem', 'val');
  if (element !== undefined) return values(element, place);
  return typeof right === 'string' && right.startsWith('@') ? (place.sets.get(`${place.table} ${right.slice(1)}`) ?? [null]) : [right];
}

const order = ({ words }: Address): string => words.map((word) => word.toString(16).padStart(8, '0')).join('');

function isAddress(value: Json, probe: PacketProbe, end: 'source' | 'destination'): Answer {
  const address = probe[end];
  const range = field(value, 'range');
  const [from, to] = (Array.isArray(range) ? range : []).map((end: Json) => parseAddress(textOf(end)));
  if (from !== undefined && to !== undefined) {
    const isClient = isEndIn(probe, end, { address: from, prefixLength: 1 }) === undefined;
    return isClient ? undefined : from.family === address.family && order(from) <= order(address) && order(address) <= order(to);
  }
  const prefix = field(value, 'prefix');
  const network = parseAddress(textOf(prefix === undefined ? value : field(prefix, 'addr')));
  if (network === undefined) return undefined;
  const whole = network.family === 'inet' ? 32 : 128;
  return isEndIn(probe, end, { address: network, prefixLength: prefix === undefined ? whole : Number(field(prefix, 'len')) });
}

function isPort(value: Json, probe: PacketProbe, end: 'source' | 'destination'): Answer {
  const range = field(value, 'range');
  const [from, to] = (Array.isArray(range) ? range : [value, value]).map((one: Json) => textOf(one));
  return from === undefined || to === undefined || !/^\d+$/.test(from) ? undefined : isPortIn(probe, end, Number(from), Number(to));
}

const isWord = (value: Json, ...words: readonly string[]): Answer => (textOf(value) === '' ? undefined : words.includes(textOf(value)));
const isInterface = (value: Json, interfaceName: string | undefined): Answer => {
  if (interfaceName === undefined) return false;
  return textOf(value) === '' ? undefined : namesInterface(textOf(value), interfaceName, '*');
};

/** Whether this field of a header is this value. */
function isField(protocol: string, name: string, value: Json, probe: PacketProbe): Answer {
  if (['th', 'tcp', 'udp', 'sctp'].includes(protocol) && (name === 'dport' || name === 'sport')) {
    if (probe.protocol !== 'tcp' && probe.protocol !== 'udp' && probe.protocol !== 'sctp') return false;
    return isPort(value, probe, name === 'dport' ? 'destination' : 'source');
  }
  if (protocol === 'icmpv6' && name === 'type' && probe.icmpType !== undefined) {
    return isWord(value, probe.icmpType, String(DISCOVERY_TYPES[probe.icmpType]));
  }
  if (protocol !== 'ip' && protocol !== 'ip6') return undefined;
  return name === 'saddr' || name === 'daddr' ? isAddress(value, probe, name === 'saddr' ? 'source' : 'destination') : undefined;
}

/** Whether what the left side looks at is this value. */
function isValue(left: Json, value: Json, probe: PacketProbe): Answer {
  const payload = field(left, 'payload');
  const [protocol, name, meta, ct] = [
    field(payload, 'protocol'),
    field(payload, 'field'),
    field(left, 'meta', 'key'),
    field(left, 'ct', 'key'),
  ].map(textOf);
  const six = probe.source.family === 'inet6';
  if ((OTHER_PROTOCOLS.has(protocol ?? '') && protocol !== probe.protocol) || protocol === (six ? 'ip' : 'ip6')) return false;
  if (payload !== undefined && name !== 'protocol' && name !== 'nexthdr') return isField(protocol ?? '', name ?? '', value, probe);
  if (name === 'protocol' || name === 'nexthdr' || meta === 'l4proto') return isWord(value, ...protocolWords(probe));
  if (meta === 'iifname' || meta === 'iif') return isInterface(value, interfaceIn(probe));
  if (meta === 'oifname' || meta === 'oif') return isInterface(value, interfaceOut(probe));
  if (meta === 'nfproto') return isWord(value, six ? 'ipv6' : 'ipv4');
  if (meta === 'pkttype' && probe.direction === 'in')
    return isWord(value, isMulticast(probe.destination) ? 'multicast' : 'host', 'unicast');
  if (ct === 'state') return isWord(value, stateOf(probe));
  if (ct === 'direction') return isWord(value, probe.part === 'answer' ? 'reply' : 'original');
  if (ct === 'status') return isWord(value);
  if (textOf(field(left, 'fib', 'result')) === 'type' && textOf(listOf(field(left, 'fib', 'flags'))[0]) === 'daddr') {
    const type = destinationType(probe);
    return type === undefined ? undefined : isWord(value, type);
  }
  return undefined;
}

const holds = (left: Json, right: Json, probe: PacketProbe, place: Place): Answer =>
  anyOf(values(right, place).map((value) => isValue(left, value, probe)));

function matchOf(match: Json, probe: PacketProbe, place: Place): Answer {
  const held = holds(field(match, 'left'), field(match, 'right'), probe, place);
  const operator = textOf(field(match, 'op'));
  if (operator === '!=') return held === undefined ? undefined : !held;
  return operator === '==' || operator === 'in' ? held : undefined;
}

const DECISIONS: Readonly<Record<string, Decision>> = {
  accept: { kind: 'accept' },
  drop: { kind: 'drop' },
  reject: { kind: 'drop' },
  return: { kind: 'return' },
  queue: { kind: 'unknown' },
};

/** A translation to one place. */
function translationOf(value: Json): Decision | undefined {
  const how = (['redirect', 'dnat', 'tproxy'] as const).find((word) => isRecord(value) && word in value);
  if (how === undefined) return undefined;
  const [addr, port] = [field(value, how, 'addr'), field(value, how, 'port')];
  const address = addr === undefined ? undefined : parseAddress(textOf(addr));
  const isOne = (addr === undefined || address !== undefined) && (port === undefined || /^\d+$/.test(textOf(port)));
  if (!isOne) return { kind: 'unknown' };
  return {
    kind: 'translate',
    to: { how, ...(address === undefined ? {} : { address }), ...(port === undefined ? {} : { port: Number(textOf(port)) }) },
  };
}

function verdictOf(value: Json): Decision | undefined {
  const word = isRecord(value) ? VERDICTS.find((one) => one in value) : undefined;
  if (word === undefined) return undefined;
  return word === 'jump' || word === 'goto' ? { kind: word, target: textOf(field(value, word, 'target')) } : DECISIONS[word];
}

/** A verdict map: the verdict of the key that matches. */
function mapped(vmap: Json, probe: PacketProbe, place: Place): Decision {
  const data = field(vmap, 'data');
  const named = typeof data === 'string' ? place.sets.get(`${place.table} ${data.replace(/^@/, '')}`) : undefined;
  for (const pair of named ?? listOf(field(data, 'set'))) {
    const [key, verdict] = Array.isArray(pair) ? (pair as readonly Json[]) : [];
    const held = key === undefined ? undefined : holds(field(vmap, 'key'), key, probe, place);
    if (held === undefined) return { kind: 'unknown' };
    if (held) return verdictOf(verdict) ?? { kind: 'skip' };
  }
  return { kind: 'skip' };
}

const placeOfMark = (value: Json): MarkPlace | undefined =>
  textOf(field(value, 'meta', 'key')) === 'mark' ? 'packet' : textOf(field(value, 'ct', 'key')) === 'mark' ? 'connection' : undefined;

/** What an expression makes of one mark, or of none. Undefined: it is not known. */
function markValue(value: Json): Pick<MarkWrite, 'from' | 'and' | 'xor'> | undefined {
  if (typeof value === 'number') return { and: 0, xor: value };
  const place = placeOfMark(value);
  if (place !== undefined) return { from: place, and: ALL_BITS, xor: 0 };
  const operator = isRecord(value) ? (['&', '|', '^'] as const).find((one) => one in value) : undefined;
  const [left, right, ...more] = operator === undefined ? [] : listOf(field(value, operator));
  const before = left === undefined ? undefined : markValue(left);
  if (before === undefined || typeof right !== 'number' || more.length > 0) return undefined;
  const { and = 0, xor = 0 } = before;
  if (operator === '&') return { ...before, and: and & right, xor: xor & right };
  if (operator === '^') return { ...before, xor: xor ^ right };
  return { ...before, and: and & ~right, xor: (xor & ~right) ^ right };
}

/** What a rule writes into the mark of a packet, and of its connection. */
const marksWritten = (expressions: readonly Json[]): readonly MarkWrite[] =>
  expressions.flatMap((one): readonly MarkWrite[] => {
    const mangle = field(one, 'mangle');
    const [into, value] = [placeOfMark(field(mangle, 'key')), field(mangle, 'value')];
    return into === undefined || value === undefined ? [] : [{ into, keeps: 0, ...markValue(value) }];
  });

function ruleOf(expressions: readonly Json[], place: Place): Rule {
  const map = expressions.map((one) => field(one, 'vmap')).find((one) => one !== undefined);
  const verdict =
    expressions.map(translationOf).find((one) => one !== undefined) ?? expressions.map(verdictOf).findLast((one) => one !== undefined);
  const matches = expressions.map((one) => field(one, 'match')).filter((one) => one !== undefined);
  const foreign = expressions.some((one) => isRecord(one) && ('xt' in one || 'limit' in one || 'quota' in one || 'ct count' in one));
  const answerFor = (probe: PacketProbe): Answer =>
    allOf([...matches.map((match) => matchOf(match, probe, place)), ...(foreign ? [undefined] : [])]);
  const writes = marksWritten(expressions);
  const decide = (probe: PacketProbe): Decision => {
    if (verdict === undefined && map === undefined) return { kind: 'skip' };
    const matched = answerFor(probe);
    if (matched !== false && map !== undefined) return matched === undefined ? { kind: 'unknown' } : mapped(map, probe, place);
    return decided(matched, verdict ?? { kind: 'skip' });
  };
  const aim = nftAim(expressions, (right) => values(right, place));
  return {
    text: nftRuleText(expressions),
    verdict: nftVerdict(expressions),
    ...(aim === undefined ? {} : { aim }),
    decide,
    ...(writes.length === 0 ? {} : { marking: { matches: answerFor, writes } }),
  };
}

function setsOf(items: readonly Json[]): Sets {
  const sets = new Map<string, readonly Json[]>();
  for (const item of items) {
    const set = field(item, 'set') ?? field(item, 'map');
    const key = ['family', 'table', 'name'].map((part) => textOf(field(set, part))).join(' ');
    const elements = field(set, 'elem');
    if (set === undefined) continue;
    const bare = listOf(elements ?? []).map((one) => field(one, 'elem', 'val') ?? one);
    // Packets change the content of a dynamic set, so it is not known.
    sets.set(key, listOf(field(set, 'flags')).some((flag) => flag === 'dynamic') ? [null] : bare);
  }
  return sets;
}

/** `alsoInIptables`: tables that iptables-save has shown already, as `ip filter`. Undefined when the text is not nft's JSON. */
export function nftChains(text: string, alsoInIptables: readonly string[] = []): readonly Chain[] | undefined {
  let listed: Json;
  try {
    listed = field(JSON.parse(text) as Json, 'nftables');
  } catch {
    return undefined;
  }
  if (!Array.isArray(listed)) return undefined;
  const items = listed as readonly Json[];
  const sets = setsOf(items);
  const key = (one: Json, name: string): string => ['family', 'table', name].map((part) => textOf(field(one, part))).join(' ');
  const rules = new Map<string, Rule[]>();
  for (const rule of items.map((item) => field(item, 'rule')).filter((one) => one !== undefined)) {
    const table = `${textOf(field(rule, 'family'))} ${textOf(field(rule, 'table'))}`;
    const chain = key(rule, 'chain');
    rules.set(chain, [...(rules.get(chain) ?? []), ruleOf(listOf(field(rule, 'expr')), { sets, table })]);
  }
  return items.flatMap((item): Chain[] => {
    const chain = field(item, 'chain');
    const [family = '', table = '', name = '', hook = '', interfaceName = ''] = ['family', 'table', 'name', 'hook', 'dev'].map((part) =>
      textOf(field(chain, part)),
    );
    if (chain === undefined || alsoInIptables.includes(`${family} ${table}`)) return [];
    const policy = textOf(field(chain, 'policy')) === 'drop' ? 'drop' : 'accept';
    const priority = Number(textOf(field(chain, 'prio')) || '0');
    const translates = textOf(field(chain, 'type')) === 'nat';
    const own = rules.get(key(chain, 'name')) ?? [];
    return [{ tool: 'nft', family, table, name, hook, interfaceName, policy, priority, translates, rules: own }];
  });
}
