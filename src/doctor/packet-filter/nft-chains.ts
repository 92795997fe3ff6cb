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
  oneOfMany,
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
const VERDICTS = ['accept', 'drop', 'reject', 'return', 'jump', 'goto', 'queue', 'snat', 'masquerade'] as const;
/** Statements behind which the next one is always carried out. */
const PASSING = ['counter', 'log', 'notrack', 'ct helper', 'ct timeout', 'ct expectation', 'last', 'secmark', 'dup'];
/** Those behind which it is carried out for some packets. */
const LIMITING = ['limit', 'quota', 'ct count', 'set', 'map', 'flow'];

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

const isWord = (value: Json, ...words: readonly (string | undefined)[]): Answer =>
  textOf(value) === '' || words.includes(undefined) ? undefined : words.includes(textOf(value));
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

/** Whether the packet lacks the header that the left side looks at: whatever it is compared with, the rule does not match. */
function lacksHeader(left: Json, probe: PacketProbe): boolean {
  const protocol = textOf(field(left, 'payload', 'protocol'));
  return (OTHER_PROTOCOLS.has(protocol) && protocol !== probe.protocol) || protocol === (probe.source.family === 'inet6' ? 'ip' : 'ip6');
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
  if (lacksHeader(left, probe)) return false;
  if (payload !== undefined && name !== 'protocol' && name !== 'nexthdr') return isField(protocol ?? '', name ?? '', value, probe);
  // An extension header may be in front of the protocol's.
  if (
    name === 'nexthdr' &&
    probe.anyOpening === true &&
    (protocolWords(probe).includes(textOf(value)) || !OTHER_PROTOCOLS.has(textOf(value)))
  )
    return undefined;
  if (name === 'protocol' || name === 'nexthdr' || meta === 'l4proto') return isWord(value, ...protocolWords(probe));
  if (meta === 'iifname' || meta === 'iif') return isInterface(value, interfaceIn(probe));
  if (meta === 'oifname' || meta === 'oif') return isInterface(value, interfaceOut(probe));
  if (meta === 'nfproto') return isWord(value, six ? 'ipv6' : 'ipv4');
  if (meta === 'pkttype' && probe.direction === 'in')
    return isWord(value, isMulticast(probe.destination) ? 'multicast' : 'host', 'unicast');
  if (ct === 'state') return isWord(value, stateOf(probe));
  if (ct === 'direction') return isWord(value, probe.part === 'answer' ? 'reply' : 'original');
  if (ct === 'status') return isWord(value);
  if (
    textOf(field(left, 'fib', 'result')) === 'type' &&
    listOf(field(left, 'fib', 'flags'))
      .map(textOf)
      .join() === 'daddr'
  ) {
    const type = destinationType(probe);
    return type === undefined ? undefined : isWord(value, type);
  }
  return undefined;
}

/** What named sets contain changes without the rules. */
const NO_SETS: Sets = new Map();

const holds = (left: Json, right: Json, probe: PacketProbe, place: Place): Answer =>
  anyOf(
    values(right, probe.anyOpening === true ? { ...place, sets: NO_SETS } : place).map(
      (value) => value === '*' || isValue(left, value, probe),
    ),
  );

function matchOf(match: Json, probe: PacketProbe, place: Place): Answer {
  if (lacksHeader(field(match, 'left'), probe)) return false;
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
  snat: { kind: 'accept' },
  masquerade: { kind: 'accept' },
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

/** A verdict map: the verdict of the key that matches, or what those may be that may match. */
function mapped(vmap: Json, probe: PacketProbe, place: Place): Decision {
  const [left, data] = [field(vmap, 'key'), field(vmap, 'data')];
  if (lacksHeader(left, probe)) return { kind: 'skip' };
  const name = typeof data === 'string' ? data.replace(/^@/, '') : undefined;
  if (name !== undefined && probe.anyOpening === true) return { kind: 'unknown' };
  const pairs = name === undefined ? listOf(field(data, 'set')) : place.sets.get(`${place.table} ${name}`);
  if (pairs === undefined) return { kind: 'unknown' };
  const maybe: Decision[] = [];
  // "*" is for what no other key matches.
  const keyed = pairs.map((pair) => (Array.isArray(pair) ? (pair as readonly Json[]) : []));
  for (const [key, verdict] of [...keyed.filter(([key]) => key !== '*'), ...keyed.filter(([key]) => key === '*')]) {
    const held = key === undefined ? undefined : holds(left, key, probe, place);
    if (held === false) continue;
    const decision = key === undefined ? { kind: 'unknown' as const } : (verdictOf(verdict) ?? { kind: 'skip' as const });
    if (held === true && maybe.length === 0) return decision;
    maybe.push(decision);
    if (held === true) break;
  }
  return maybe.length === 0 ? { kind: 'skip' } : oneOfMany(maybe);
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

const writesMeta = (statement: Json): boolean => ['meta', 'ct'].some((what) => field(statement, 'mangle', 'key', what) !== undefined);

/** Whether a statement that is no match lets the next one be carried out: `undefined` for some packets, or not known. */
function goesOn(statement: Json): Answer {
  if (!isRecord(statement)) return undefined;
  // A map, also one that chooses an object, ends the rule for a key that is not in it.
  const isMapped = Object.values(statement).some(
    (value) => field(value, 'map') !== undefined || field(value, 'value', 'map') !== undefined,
  );
  if (isMapped) return undefined;
  return PASSING.some((word) => word in statement) || writesMeta(statement) || undefined;
}

/** What a rule does with packets that it matches, but for its verdict map. A statement that is not known may drop them. */
function outcomeOf(statements: readonly Json[]): Decision {
  const verdict =
    statements.map(translationOf).find((one) => one !== undefined) ?? statements.map(verdictOf).findLast((one) => one !== undefined);
  const isKnown = (one: Json): boolean => writesMeta(one) || (isRecord(one) && [...PASSING, ...LIMITING].some((word) => word in one));
  return verdict ?? { kind: statements.every(isKnown) ? 'skip' : 'unknown' };
}

function ruleOf(expressions: readonly Json[], place: Place): Rule {
  const has = (word: string) => (one: Json) => isRecord(one) && word in one;
  const maps = expressions.filter(has('vmap')).map((one) => field(one, 'vmap'));
  const matches = expressions.filter(has('match')).map((one) => field(one, 'match'));
  const statements = expressions.filter((one) => !has('vmap')(one) && !has('match')(one));
  const outcome = outcomeOf(statements);
  const ends = (one: Json): boolean => verdictOf(one) !== undefined || translationOf(one) !== undefined;
  const passed = allOf(statements.filter((one) => !ends(one)).map(goesOn));
  const answerFor = (probe: PacketProbe): Answer => allOf([...matches.map((match) => matchOf(match, probe, place)), passed]);
  const writes = marksWritten(expressions);
  const decide = (probe: PacketProbe): Decision => {
    const matched = answerFor(probe);
    const [map, another] = maps;
    if (map === undefined) return decided(matched, outcome);
    const isOnly = another === undefined && outcome.kind === 'skip';
    return decided(matched, isOnly ? mapped(map, probe, place) : { kind: 'unknown' });
  };
  const aim = nftAim(expressions, (right) => values(right, place));
  return {
    text: nftRuleText(expressions),
    verdict: nftVerdict(expressions),
    ...(aim === undefined ? {} : { aim }),
    decide,
    ...(writes.length === 0 ? {} : { marking: { matches: answerFor, writes } }),
    ...(expressions.some(has('notrack')) ? { untracks: answerFor } : {}),
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

/** What iptables keeps in nf_tables is made of these; iptables-save leaves out others, and what they are compared with. */
const OF_IPTABLES = ['match', 'counter', 'limit', 'log', 'mangle', 'xt', 'accept', 'drop', 'return', 'jump', 'goto', 'reject'];

function isOfIptables(expression: Json): boolean {
  const [left, right] = [field(expression, 'match', 'left'), field(expression, 'match', 'right')];
  const isKnown = isRecord(expression) && OF_IPTABLES.some((word) => word in expression);
  const isNamed = textOf(right).startsWith('@') || typeof field(expression, 'limit') === 'string';
  return isKnown && !isNamed && (left === undefined || ['payload', 'meta', '&'].some((word) => field(left, word) !== undefined));
}

/** The base chains of iptables; its tools show no others. */
const BASES_OF_IPTABLES = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/** `alsoInIptables`: tables that iptables-save has shown already, as `ip filter`; left out unless rules or base chains of nft's are there, too.
 * Undefined when the text is not nft's JSON. */
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
  const withOthers = new Set<string>();
  for (const rule of items.map((item) => field(item, 'rule')).filter((one) => one !== undefined)) {
    const table = `${textOf(field(rule, 'family'))} ${textOf(field(rule, 'table'))}`;
    const chain = key(rule, 'chain');
    const expressions = listOf(field(rule, 'expr'));
    if (!expressions.every(isOfIptables)) withOthers.add(table);
    rules.set(chain, [...(rules.get(chain) ?? []), ruleOf(expressions, { sets, table })]);
  }
  for (const chain of items.map((item) => field(item, 'chain')).filter((one) => textOf(field(one, 'hook')) !== '')) {
    if (!BASES_OF_IPTABLES.includes(textOf(field(chain, 'name')))) {
      withOthers.add(`${textOf(field(chain, 'family'))} ${textOf(field(chain, 'table'))}`);
    }
  }
  return items.flatMap((item): Chain[] => {
    const chain = field(item, 'chain');
    const [family = '', table = '', name = '', hook = '', interfaceName = ''] = ['family', 'table', 'name', 'hook', 'dev'].map((part) =>
      textOf(field(chain, part)),
    );
    const ofTable = `${family} ${table}`;
    if (chain === undefined || (alsoInIptables.includes(ofTable) && !withOthers.has(ofTable))) return [];
    const policy = textOf(field(chain, 'policy')) === 'drop' ? 'drop' : 'accept';
    const priority = Number(textOf(field(chain, 'prio')) || '0');
    const translates = textOf(field(chain, 'type')) === 'nat';
    const own = rules.get(key(chain, 'name')) ?? [];
    return [{ tool: 'nft', family, table, name, hook, interfaceName, policy, priority, translates, rules: own }];
  });
}
