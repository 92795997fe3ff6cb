// Parses the output of iptables-save and its variants into chains: legacy tables, and those of iptables in nftables.
import { isMulticast } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { iptablesAim, iptablesVerdict, wordsOfRule } from './iptables-aim.js';
import { ALL_BITS, type MarkWrite } from './marks.js';
import {
  type Answer,
  allOf,
  anyOf,
  type Chain,
  type Decision,
  DISCOVERY_TYPES,
  decided,
  destinationType,
  type FilterTool,
  interfaceIn,
  interfaceOut,
  isEndIn,
  isPortIn,
  namesInterface,
  type PacketProbe,
  protocolWords,
  type Rule,
  stateOf,
  type Translation,
} from './model.js';

type Condition = (probe: PacketProbe) => Answer;

const HOOKS: Readonly<Record<string, string>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, nat: -100, filter: 0, security: 50 };
const VERDICTS: Readonly<Record<string, Decision>> = {
  ACCEPT: { kind: 'accept' },
  DROP: { kind: 'drop' },
  REJECT: { kind: 'drop' },
  RETURN: { kind: 'return' },
};
/** Targets after which the next rule is evaluated. */
const PASSING = new Set(
  'LOG NFLOG ULOG MARK CONNMARK SECMARK CONNSECMARK CT NOTRACK TOS DSCP TTL HL CLASSIFY SET TRACE AUDIT CHECKSUM TCPMSS TCPOPTSTRIP LED RATEEST IDLETIMER'.split(
    ' ',
  ),
);

const inNetwork =
  (text: string, which: 'source' | 'destination'): Condition =>
  (probe) => {
    const [host = '', length] = text.split('/');
    const address = parseAddress(host);
    const whole = address?.family === 'inet6' ? 128 : 32;
    const prefixLength = length === undefined ? whole : /^\d{1,3}$/.test(length) ? Number(length) : undefined;
    return address === undefined || prefixLength === undefined ? undefined : isEndIn(probe, which, { address, prefixLength });
  };

/** `80`, `80:90`, and for multiport a list of them. */
const portIn =
  (...ends: readonly ('source' | 'destination')[]) =>
  (list: string): Condition =>
  (probe) =>
    anyOf(
      list.split(',').flatMap((part) => {
        const [, from, to] = /^(\d*)(?::(\d*))?$/.exec(part) ?? [];
        if (from === undefined) return [undefined];
        const last = to === undefined ? Number(from) : Number(to === '' ? 65_535 : to);
        return ends.map((end) => isPortIn(probe, end, Number(from), last));
      }),
    );

const oneOf = (list: string, ...words: readonly string[]): boolean => list.split(',').some((one) => words.includes(one.toLowerCase()));

/** Matches that hold for every packet by themselves: their options decide. */
const NEUTRAL = new Set('tcp udp sctp icmp icmp6 comment conntrack state multiport addrtype pkttype'.split(' '));

/** The flags that a TCP packet has, by its part in a connection. */
const FLAGS: Readonly<Record<NonNullable<PacketProbe['part']>, readonly string[]>> = {
  opening: ['SYN'],
  answer: ['SYN', 'ACK'],
  later: ['ACK'],
};

const ICMP_NAMES = { 'nd-neighbor-solicit': 'neighbour-solicitation', 'nd-neighbor-advert': 'neighbour-advertisement' } as const;

const isNamed = (pattern: string, name: string | undefined): boolean => name !== undefined && namesInterface(pattern, name, '+');

const typed = (list: string, type: string | undefined): Answer => (type === undefined ? undefined : oneOf(list, type));

/** Options that are supported, each with its value. */
const OPTIONS: Readonly<Record<string, (value: string) => Condition>> = {
  '-s': (value) => inNetwork(value, 'source'),
  '-d': (value) => inNetwork(value, 'destination'),
  '-p': (value) => (probe) => oneOf(value, ...protocolWords(probe), 'all', '0'),
  '-i': (value) => (probe) => isNamed(value, interfaceIn(probe)),
  '-o': (value) => (probe) => isNamed(value, interfaceOut(probe)),
  '-m': (value) => () => NEUTRAL.has(value) || undefined,
  '--comment': () => () => true,
  '--dport': portIn('destination'),
  '--sport': portIn('source'),
  '--dports': portIn('destination'),
  '--sports': portIn('source'),
  '--ports': portIn('source', 'destination'),
  '--ctstate': (value) => (probe) => typed(value, stateOf(probe)),
  '--state': (value) => (probe) => typed(value, stateOf(probe)),
  // MASK COMP: of the flags in MASK, those in COMP are set. A connection opens with SYN, its first answer is SYN with ACK. Others with SYN are
  // balanced, too, and with net.ipv4.vs.sloppy_tcp all but RST.
  '--tcp-flags': (value) => (probe) => {
    if (probe.protocol !== 'tcp') return undefined;
    const [mask = [], expected = []] = value.split(' ').map((list) => (list === 'NONE' ? [] : list.split(',')));
    if (probe.anyOpening === true) return expected.includes('RST') || expected.includes('ALL') ? false : undefined;
    const set = FLAGS[probe.part ?? 'opening'];
    return (
      set.every((flag) => expected.includes(flag) || !(mask.includes(flag) || mask.includes('ALL'))) &&
      expected.every((flag) => set.includes(flag))
    );
  },
  // Names as ip6tables writes them, numbers as ip6tables-save does.
  '--icmpv6-type': (value) => (probe) => {
    if (probe.icmpType === undefined) return undefined;
    const [type = ''] = value.split('/');
    return oneOf(type, String(DISCOVERY_TYPES[probe.icmpType]), ICMP_NAMES[probe.icmpType]);
  },
  '--dst-type': (value) => (probe) => typed(value, destinationType(probe)),
  '--src-type': (value) => (probe) =>
    probe.anyOpening === true ? undefined : oneOf(value, probe.direction === 'out' ? 'local' : 'unicast'),
  '--pkt-type': (value) => (probe) =>
    probe.direction === 'in' ? oneOf(value, isMulticast(probe.destination) ? 'multicast' : 'unicast') : undefined,
};

/** Options without a value. -f matches later fragments only. */
const BARE: Readonly<Record<string, Condition>> = {
  '-f': (probe) => (probe.anyOpening === true ? undefined : false),
  '--syn': (probe) => (probe.protocol === 'tcp' && probe.anyOpening !== true ? stateOf(probe) === 'new' : undefined),
};

function conditionsOf(words: readonly string[]): readonly Condition[] {
  const conditions: Condition[] = [];
  for (let at = 0; at < words.length; at++) {
    const not = words[at] === '!';
    if (not) at++;
    const option = words[at] ?? '';
    const next = words[at + 1];
    const value = next === undefined || next === '!' || next.startsWith('-') ? undefined : next;
    const both = option === '--tcp-flags' ? `${value} ${words[at + 2]}` : value;
    const read = value === undefined ? undefined : OPTIONS[option];
    const bare: Condition = BARE[option] ?? (() => undefined);
    const condition: Condition = read !== undefined && both !== undefined ? read(both) : bare;
    while (words[at + 1] !== undefined && words[at + 1] !== '!' && !words[at + 1]?.startsWith('-')) at++;
    conditions.push((probe) => {
      const held = condition(probe);
      return not && held !== undefined ? !held : held;
    });
  }
  return conditions;
}

const TRANSLATIONS: Readonly<Record<string, Translation['how']>> = { REDIRECT: 'redirect', DNAT: 'dnat', TPROXY: 'tproxy' };

/** `words`: the target and its options. Undefined: not a translation to one place. */
function translationOf([target = '', ...words]: readonly string[]): Decision | undefined {
  const how = TRANSLATIONS[target];
  if (how === undefined) return undefined;
  const after = (option: string): string | undefined => (words.includes(option) ? words[words.indexOf(option) + 1] : undefined);
  const [, host, from] = /^\[?([0-9a-fA-F.:]*?)\]?(?::(\d+))?$/.exec(after('--to-destination') ?? after('--on-ip') ?? '') ?? [];
  const address = host === undefined || host === '' ? undefined : parseAddress(host);
  if (how === 'dnat' && address === undefined && from === undefined) return undefined;
  const port = from ?? /^\d+$/.exec(after('--to-ports') ?? after('--on-port') ?? '')?.[0];
  return {
    kind: 'translate',
    to: { how, ...(address === undefined ? {} : { address }), ...(port === undefined ? {} : { port: Number(port) }) },
  };
}

/** `words`: the target and its options. */
function decisionOf(option: string | undefined, words: readonly string[], own: ReadonlySet<string>): Decision {
  const [target] = words;
  if (target === undefined || PASSING.has(target)) return { kind: 'skip' };
  if (own.has(target)) return { kind: option === '-g' ? 'goto' : 'jump', target };
  return VERDICTS[target] ?? translationOf(words) ?? { kind: 'unknown' };
}

/** CONNMARK: between the connection's mark and the packet's. Of the one that is read the bits of one mask, of the other those of another change. */
function copied(option: string | undefined, words: readonly string[]): MarkWrite | undefined {
  const isSave = option === '--save-mark';
  if (!isSave && option !== '--restore-mark') return undefined;
  const maskOf = (name: string, fallback: string): number => {
    const at = words.indexOf(name);
    const text = at >= 0 ? words[at + 1] : words.includes(fallback) ? words[words.indexOf(fallback) + 1] : undefined;
    return text === undefined ? ALL_BITS : Number(text);
  };
  const isShifted = words.includes('--left-shift-mark') || words.includes('--right-shift-mark');
  if (isShifted) return { into: isSave ? 'connection' : 'packet', keeps: 0, from: isSave ? 'packet' : 'connection' };
  const [packet, connection] = [maskOf('--nfmask', '--mask'), maskOf('--ctmask', '--mask')];
  return isSave
    ? { into: 'connection', keeps: ~connection, from: 'packet', and: packet, xor: 0 }
    : { into: 'packet', keeps: ~packet, from: 'connection', and: connection, xor: 0 };
}

/** What a rule's target writes into the mark of a packet, or of its connection. */
function markWritten(words: readonly string[]): MarkWrite | undefined {
  const [target, option, text = ''] = words;
  if (target !== 'MARK' && target !== 'CONNMARK') return undefined;
  const into = target === 'MARK' ? 'packet' : 'connection';
  const copy = target === 'CONNMARK' ? copied(option, words) : undefined;
  if (copy !== undefined) return copy;
  const [value = Number.NaN, mask = ALL_BITS] = text.split('/').map(Number);
  switch (Number.isNaN(value) ? undefined : option) {
    case '--set-mark':
    case '--set-xmark':
      return { into, keeps: ~mask, xor: value };
    case '--or-mark':
      return { into, keeps: ~value, xor: value };
    case '--and-mark':
      return { into, keeps: value, xor: 0 };
    default:
      return { into, keeps: 0 };
  }
}

/** `line`: the words behind `-A CHAIN`. `own`: the table's own chains. */
function ruleOf(line: string, own: ReadonlySet<string>): Rule {
  const words = wordsOfRule(line);
  const jump = words.findIndex((word) => word === '-j' || word === '-g');
  const conditions = conditionsOf(jump < 0 ? words : words.slice(0, jump));
  const target = jump < 0 ? [] : words.slice(jump + 1);
  const decision = decisionOf(words[jump], target, own);
  const aim = iptablesAim(words);
  const matches = (probe: PacketProbe): Answer => allOf(conditions.map((condition) => condition(probe)));
  const mark = markWritten(target);
  const untracks = target[0] === 'NOTRACK' || (target[0] === 'CT' && target.includes('--notrack'));
  return {
    text: line,
    verdict: iptablesVerdict(words),
    ...(aim === undefined ? {} : { aim }),
    decide: (probe) => decided(matches(probe), decision),
    ...(mark === undefined ? {} : { marking: { matches, writes: [mark] } }),
    ...(untracks ? { untracks: matches } : {}),
  };
}

/** `tool`: the command that shows and changes these tables. */
export function iptablesChains(text: string, tool: Exclude<FilterTool, 'nft'>): readonly Chain[] {
  const family = tool.startsWith('ip6') ? 'ip6' : 'ip';
  return text
    .split(/^\*/m)
    .slice(1)
    .flatMap((part): Chain[] => {
      const lines = part.split('\n');
      const table = lines[0]?.trim() ?? '';
      const heads = lines.flatMap((line) => {
        const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
        return name === undefined ? [] : [{ name, policy }];
      });
      const own = new Set(heads.filter(({ policy }) => policy === '-').map(({ name }) => name));
      return heads.map(({ name, policy }) => ({
        tool,
        family,
        table,
        name,
        hook: own.has(name) ? '' : (HOOKS[name] ?? ''),
        interfaceName: '',
        policy: policy === 'DROP' ? 'drop' : 'accept',
        priority: PRIORITIES[table] ?? 0,
        translates: table === 'nat',
        rules: lines.filter((line) => line.startsWith(`-A ${name} `)).map((line) => ruleOf(line.slice(`-A ${name} `.length), own)),
      }));
    });
}

/** Tables that are also in nftables, named as nft does: `ip filter`. */
export function tablesInNft(text: string, tool: Exclude<FilterTool, 'nft'>): readonly string[] {
  const parts = text.split(/^# Generated by /m).filter((part) => part.split('\n')[0]?.includes('(nf_tables)'));
  return parts.flatMap((part) => [...part.matchAll(/^\*(\S+)/gm)].map(([, table]) => `${tool.startsWith('ip6') ? 'ip6' : 'ip'} ${table}`));
}

/** Whether two outputs have the same rules: where iptables is iptables-legacy, both print the same tables. */
export function sameRules(one: string, other: string): boolean {
  const bare = (text: string): string =>
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.replace(/ \[\d+:\d+\]$/, ''))
      .join('\n');
  return bare(one) === bare(other);
}
