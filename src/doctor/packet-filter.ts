// What this host's firewall does with one kind of packet: nft's chains as `nft -j list ruleset` tells them (libnftables-json(5)),
// walked as the kernel would. iptables of today keeps its rules there, too. A rule that cannot be judged for certain blocks nothing here.
import type { Address } from '../model/address.js';
import { formatAddress, parseIpv4 } from '../model/address-text.js';
import { contains } from './network.js';

/** The packet that is asked about, as VRRP sends it. */
export interface PacketProbe {
  readonly way: 'in' | 'out';
  readonly device: string;
  readonly source: Address;
  readonly destination: Address;
  /** As nft writes it: `vrrp`, `ah`. */
  readonly protocol: 'vrrp' | 'ah';
}

/** Where it ends. `text`: the rule, or the policy. */
export interface Blocked {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly text: string;
}

type Json = unknown;
type Fate = 'accept' | 'drop' | 'return' | 'next' | 'unknown';

const NUMBERS = { vrrp: 112, ah: 51 } as const;
const HOOKS = { in: ['ingress', 'prerouting', 'input'], out: ['output', 'postrouting', 'egress'] } as const;
const DEPTH = 16;

const isRecord = (value: Json): value is Record<string, Json> => typeof value === 'object' && value !== null && !Array.isArray(value);
const field = (value: Json, ...path: readonly string[]): Json =>
  path.reduce((at: Json, name) => (isRecord(at) ? at[name] : undefined), value);
const textOf = (value: Json): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? value : [value]);

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: string;
  readonly device: string;
  readonly policy: string;
  readonly rules: readonly (readonly Json[])[];
}

function readChains(text: string): readonly Chain[] {
  let items: Json;
  try {
    items = field(JSON.parse(text) as Json, 'nftables');
  } catch {
    return [];
  }
  const all = Array.isArray(items) ? (items as readonly Json[]) : [];
  const key = (one: Json, name: string) => ['family', 'table', name].map((part) => textOf(field(one, part))).join(' ');
  return all.flatMap((item): Chain[] => {
    const chain = field(item, 'chain');
    if (chain === undefined) return [];
    const rules = all
      .map((one) => field(one, 'rule'))
      .filter((rule) => rule !== undefined && key(rule, 'chain') === key(chain, 'name'))
      .map((rule) => listOf(field(rule, 'expr')));
    const [family = '', table = '', name = '', hook = '', device = ''] = ['family', 'table', 'name', 'hook', 'dev'].map((part) =>
      textOf(field(chain, part)),
    );
    return [{ family, table, name, hook, device, policy: textOf(field(chain, 'policy')) || 'accept', rules }];
  });
}

/** Whether a value of a match's right side is this address; undefined: it cannot be told. */
function hasAddress(right: Json, address: Address): boolean | undefined {
  const set = field(right, 'set');
  const answers = listOf(set ?? right).map((one) => {
    const prefix = field(one, 'prefix');
    const network = parseIpv4(textOf(prefix === undefined ? one : field(prefix, 'addr')));
    if (network === undefined) return undefined;
    return contains({ address: network, prefixLength: prefix === undefined ? 32 : Number(field(prefix, 'len')) }, address);
  });
  return answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
}

function hasWord(right: Json, ...words: readonly string[]): boolean | undefined {
  const values = listOf(field(right, 'set') ?? right).map(textOf);
  if (values.some((value) => words.includes(value))) return true;
  return values.some((value) => value === '' || value.startsWith('@') || value.endsWith('*')) ? undefined : false;
}

/** Whether the left side has one of the right side's values; undefined: it cannot be told. */
function holds(left: Json, right: Json, probe: PacketProbe): boolean | undefined {
  const payload = field(left, 'payload');
  const [protocol, name, meta] = [field(payload, 'protocol'), field(payload, 'field'), field(left, 'meta', 'key')].map(textOf);
  if (protocol === 'ip' && name === 'saddr') return hasAddress(right, probe.source);
  if (protocol === 'ip' && name === 'daddr') return hasAddress(right, probe.destination);
  if ((protocol === 'ip' && name === 'protocol') || meta === 'l4proto')
    return hasWord(right, probe.protocol, String(NUMBERS[probe.protocol]));
  if (protocol === 'ip6') return false;
  if (name === 'dport' || name === 'sport' || name === 'flags' || protocol === 'icmp' || protocol === 'icmpv6') return false;
  if (meta === 'iifname' || meta === 'iif') return probe.way === 'in' ? hasWord(right, probe.device) : false;
  if (meta === 'oifname' || meta === 'oif') return probe.way === 'out' ? hasWord(right, probe.device) : false;
  if (meta === 'nfproto') return hasWord(right, 'ipv4');
  // Adverts are never answered: to conntrack each is the first of its kind.
  if (textOf(field(left, 'ct', 'key')) === 'state') return hasWord(right, 'new');
  return undefined;
}

const OPERATORS: Readonly<Record<string, true>> = { '==': true, in: true };

function matches(expressions: readonly Json[], probe: PacketProbe): boolean | undefined {
  let certain: boolean | undefined = true;
  for (const expression of expressions) {
    if (!isRecord(expression)) continue;
    if ('xt' in expression || 'limit' in expression || 'vmap' in expression) certain = undefined;
    const match = expression['match'];
    if (match === undefined) continue;
    const held = holds(field(match, 'left'), field(match, 'right'), probe);
    const operator = textOf(field(match, 'op'));
    const good = held === undefined ? undefined : operator === '!=' ? !held : operator in OPERATORS ? held : undefined;
    if (good === false) return false;
    if (good === undefined) certain = undefined;
  }
  return certain;
}

/** The rule in few words; nft's own text is not in its JSON. */
function ruleText(expressions: readonly Json[], verdict: string): string {
  const side = (value: Json): string => {
    const [prefix, set] = [field(value, 'prefix'), field(value, 'set')];
    if (prefix !== undefined) return `${textOf(field(prefix, 'addr'))}/${textOf(field(prefix, 'len'))}`;
    const many = set ?? (Array.isArray(value) ? value : undefined);
    return many === undefined ? textOf(value) : `{ ${listOf(many).map(side).join(', ')} }`;
  };
  const words = expressions.flatMap((expression) => {
    const match = field(expression, 'match');
    if (match === undefined) return [];
    const left = field(match, 'left');
    const payload = field(left, 'payload');
    const name =
      payload === undefined
        ? [field(left, 'meta', 'key'), field(left, 'ct', 'key')].map(textOf).join('')
        : `${textOf(field(payload, 'protocol'))} ${textOf(field(payload, 'field'))}`;
    return [`${name}${textOf(field(match, 'op')) === '!=' ? ' !=' : ''} ${side(field(match, 'right'))}`];
  });
  return [...words, verdict].join(' ');
}

interface Walk {
  readonly fate: Fate;
  readonly by?: Blocked;
}

function walkChain(chain: Chain, chains: readonly Chain[], probe: PacketProbe, depth = 0): Walk {
  for (const rule of depth > DEPTH ? [] : chain.rules) {
    const matched = matches(rule, probe);
    if (matched === false) continue;
    const verdict = rule.findLast(
      (one) => isRecord(one) && ['accept', 'drop', 'reject', 'return', 'jump', 'goto'].some((word) => word in one),
    );
    const [word = ''] = isRecord(verdict) ? Object.keys(verdict) : [];
    if (word === '') continue;
    // It may be this one that decides: then nothing is said.
    if (matched === undefined) return { fate: 'unknown' };
    if (word === 'accept' || word === 'return') return { fate: word };
    if (word === 'jump' || word === 'goto') {
      const target = textOf(field(verdict, word, 'target'));
      const next = chains.find(({ family, table, name }) => family === chain.family && table === chain.table && name === target);
      const inner = next === undefined ? { fate: 'unknown' as const } : walkChain(next, chains, probe, depth + 1);
      if (inner.fate !== 'next' && inner.fate !== 'return') return inner;
      if (word === 'goto') return { fate: 'next' };
      continue;
    }
    const { family, table, name } = chain;
    return { fate: 'drop', by: { family, table, chain: name, text: ruleText(rule, word) } };
  }
  return { fate: 'next' };
}

/** The rule (or policy) that keeps such packets from passing; undefined when none does for certain. */
export function blocking(nftJson: string, probe: PacketProbe): Blocked | undefined {
  const chains = readChains(nftJson);
  const hooks: readonly string[] = HOOKS[probe.way];
  const based = chains.filter(
    ({ family, hook, device }) => ['ip', 'inet', 'netdev'].includes(family) && hooks.includes(hook) && ['', probe.device].includes(device),
  );
  for (const chain of based) {
    const { fate, by } = walkChain(chain, chains, probe);
    if (by !== undefined) return by;
    if ((fate === 'next' || fate === 'return') && chain.policy === 'drop') {
      return { family: chain.family, table: chain.table, chain: chain.name, text: 'policy drop, and no rule before it lets them pass' };
    }
  }
  return undefined;
}

/** The command that lets adverts pass there, from this peer. */
export function lettingPass({ family, table, chain }: Blocked, way: 'in' | 'out', peer: Address, destination: Address): string {
  const [from, to] = [formatAddress(peer), formatAddress(destination)];
  const iptables = `iptables -I ${way === 'in' ? 'INPUT' : 'OUTPUT'} -p 112 -s ${from} -d ${to} -j ACCEPT`;
  if (family === 'ip' && /^[A-Z]+$/.test(chain)) return iptables;
  return `nft insert rule ${family} ${table} ${chain} ip saddr ${from} ip daddr ${to} ip protocol 112 accept (where iptables rules: -p 112 -s ${from} -d ${to} -j ACCEPT)`;
}
