// What a packet filter does with one packet: its chains walked as the kernel would. A rule that cannot be judged for certain blocks nothing.
import type { Blocked, Chain, PacketProbe } from './model.js';

type Fate = 'accept' | 'drop' | 'return' | 'next' | 'unknown';

const HOOKS = { in: ['ingress', 'prerouting', 'input'], out: ['output', 'postrouting', 'egress'] } as const;
const FAMILIES = { inet: ['ip', 'inet', 'netdev'], inet6: ['ip6', 'inet', 'netdev'] } as const;
const DEPTH = 16;

interface Walk {
  readonly fate: Fate;
  /** Where it was dropped. */
  readonly at?: { readonly chain: string; readonly text: string };
}

const sameTable = (one: Chain, other: Chain): boolean =>
  one.tool === other.tool && one.family === other.family && one.table === other.table;

function walkChain(chain: Chain, table: readonly Chain[], probe: PacketProbe, depth = 0): Walk {
  for (const rule of depth > DEPTH ? [] : chain.rules) {
    const decision = rule.decide(probe);
    switch (decision.kind) {
      case 'skip':
        continue;
      case 'unknown':
      case 'accept':
      case 'return':
        return { fate: decision.kind };
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

/** Known by the chains that these programs make. */
function keeperOf(table: readonly Chain[]): { readonly keeper?: 'firewalld' | 'ufw' } {
  if (table.some(({ name }) => name.startsWith('ufw-') || name.startsWith('ufw6-'))) return { keeper: 'ufw' };
  return table.some((one) => one.table === 'firewalld' || one.name === 'INPUT_ZONES') ? { keeper: 'firewalld' } : {};
}

/** The rule (or policy) that keeps such packets from passing; undefined when none does for certain. */
export function blocking(chains: readonly Chain[], probe: PacketProbe): Blocked | undefined {
  const [hooks, families]: readonly (readonly string[])[] = [HOOKS[probe.way], FAMILIES[probe.source.family]];
  const based = chains.filter(
    ({ family, hook, device }) => families?.includes(family) && hooks?.includes(hook) && ['', probe.device].includes(device),
  );
  for (const chain of based) {
    const table = chains.filter((one) => sameTable(one, chain));
    const { fate, at } = walkChain(chain, table, probe);
    const fallen = (fate === 'next' || fate === 'return') && chain.policy === 'drop';
    const where = at ?? (fallen ? { chain: chain.name, text: 'policy drop, and no rule before it lets them pass' } : undefined);
    if (where !== undefined) {
      const { tool, family, table: name } = chain;
      return { tool, family, table: name, base: chain.name, ...where, ...keeperOf(table) };
    }
  }
  return undefined;
}
