// Evaluates a packet filter for one packet, as the kernel does. A rule that cannot be evaluated with certainty blocks nothing.
import { type Blocked, type Chain, type PacketProbe, stateOf, type Translation } from './model.js';

type Fate = 'accept' | 'drop' | 'return' | 'next' | 'unknown' | 'translate';

const HOOKS = {
  in: ['ingress', 'prerouting', 'input'],
  out: ['output', 'postrouting', 'egress'],
  through: ['forward'],
} as const;
const FAMILIES = { inet: ['ip', 'inet', 'netdev'], inet6: ['ip6', 'inet', 'netdev'] } as const;
const DEPTH_MAX = 16;

interface Walk {
  readonly fate: Fate;
  /** Where it was dropped. */
  readonly at?: { readonly chain: string; readonly text: string };
  readonly to?: Translation;
}

const sameTable = (one: Chain, other: Chain): boolean =>
  one.tool === other.tool && one.family === other.family && one.table === other.table;

function walkChain(chain: Chain, table: readonly Chain[], probe: PacketProbe, depth = 0): Walk {
  for (const rule of depth > DEPTH_MAX ? [] : chain.rules) {
    const decision = rule.decide(probe);
    switch (decision.kind) {
      case 'skip':
        continue;
      case 'unknown':
      case 'accept':
      case 'return':
        return { fate: decision.kind };
      case 'translate':
        return { fate: 'translate', to: decision.to };
      case 'drop':
        return { fate: 'drop', at: { chain: chain.name, text: rule.text } };
    }
    const next = table.find(({ name }) => name === decision.target);
    const inner: Walk = next === undefined ? { fate: 'unknown' } : walkChain(next, table, probe, depth + 1);
    if (inner.fate !== 'next' && inner.fate !== 'return') return inner;
    if (decision.kind === 'goto') return { fate: 'next' };
  }
  return { fate: 'next' };
}

/** The program that writes this table, recognised by the chains that it makes. */
function writerOf(table: readonly Chain[]): { readonly writer?: 'firewalld' | 'ufw' } {
  if (table.some(({ name }) => name.startsWith('ufw-') || name.startsWith('ufw6-'))) return { writer: 'ufw' };
  return table.some((one) => one.table === 'firewalld' || one.name === 'INPUT_ZONES') ? { writer: 'firewalld' } : {};
}

/** What becomes of a packet. `certain`: no rule that may match could change it. */
export type Passage =
  | { readonly kind: 'dropped'; readonly by: Blocked }
  | { readonly kind: 'passed'; readonly to?: Translation; readonly certain: boolean };

/** The packet, whose state is not known where a rule may keep it from connection tracking. */
export function asTracked(chains: readonly Chain[], probe: PacketProbe): PacketProbe {
  const families: readonly string[] = FAMILIES[probe.source.family];
  const mayBeUntracked = chains.some(
    ({ family, rules }) => families.includes(family) && rules.some(({ untracks }) => untracks !== undefined && untracks(probe) !== false),
  );
  return mayBeUntracked ? { ...probe, mayBeUntracked } : probe;
}

/** The base chains that the packet passes, in their order. */
export function baseChains(chains: readonly Chain[], probe: PacketProbe): readonly Chain[] {
  const [hooks, families]: readonly (readonly string[])[] = [HOOKS[probe.direction], FAMILIES[probe.source.family]];
  return chains
    .filter(
      ({ family, hook, interfaceName, translates }) =>
        families?.includes(family) &&
        hooks?.includes(hook) &&
        ['', probe.interfaceName].includes(interfaceName) &&
        !(translates && stateOf(probe) === 'established'),
    )
    .map((chain) => ({ chain, rank: hooks?.indexOf(chain.hook) ?? 0 }))
    .sort((one, other) => one.rank - other.rank || one.chain.priority - other.chain.priority)
    .map(({ chain }) => chain);
}

/** The packet as it is behind a translation; what REDIRECT makes of its address is not known here, but is an address of this host. */
function translated(probe: PacketProbe, { how, address, port }: Translation): PacketProbe {
  if (how === 'tproxy') return probe;
  return { ...probe, ...(address === undefined ? {} : { destination: address }), ...(port === undefined ? {} : { destinationPort: port }) };
}

/** Follows a packet through all chains that it passes. */
export function passageOf(chains: readonly Chain[], packet: PacketProbe): Passage {
  const first = asTracked(chains, packet);
  let probe = first;
  let to: Translation | undefined;
  let certain = true;
  for (const chain of baseChains(chains, first)) {
    const table = chains.filter((one) => sameTable(one, chain));
    const walk = walkChain(chain, table, probe);
    const fallen = (walk.fate === 'next' || walk.fate === 'return') && chain.policy === 'drop';
    const where = walk.at ?? (fallen ? { chain: chain.name, text: 'policy drop, and no rule before it lets them pass' } : undefined);
    if (where !== undefined) {
      const { tool, family, table: name } = chain;
      return { kind: 'dropped', by: { tool, family, table: name, base: chain.name, ...where, ...writerOf(table) } };
    }
    if (walk.fate === 'unknown') certain = false;
    if (walk.to !== undefined) {
      to = walk.to;
      probe = translated(probe, walk.to);
    }
  }
  return { kind: 'passed', certain, ...(to === undefined ? {} : { to }) };
}

/** The rule (or policy) that drops such packets; undefined: none does with certainty. */
export function blockingRule(chains: readonly Chain[], probe: PacketProbe): Blocked | undefined {
  const passage = passageOf(chains, probe);
  return passage.kind === 'dropped' ? passage.by : undefined;
}
