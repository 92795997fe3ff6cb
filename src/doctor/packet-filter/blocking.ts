// Evaluates a packet filter for one packet, as the kernel does. A rule that cannot be evaluated with certainty blocks nothing.
import type { Blocked, Chain, PacketProbe } from './model.js';

type Fate = 'accept' | 'drop' | 'return' | 'next' | 'unknown';

const HOOKS = { in: ['ingress', 'prerouting', 'input'], out: ['output', 'postrouting', 'egress'] } as const;
const FAMILIES = { inet: ['ip', 'inet', 'netdev'], inet6: ['ip6', 'inet', 'netdev'] } as const;
const DEPTH_MAX = 16;

interface Walk {
  readonly fate: Fate;
  /** Where it was dropped. */
  readonly at?: { readonly chain: string; readonly text: string };
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

/** The rule (or policy) that drops such packets; undefined: none does with certainty. */
export function blockingRule(chains: readonly Chain[], probe: PacketProbe): Blocked | undefined {
  const [hooks, families]: readonly (readonly string[])[] = [HOOKS[probe.direction], FAMILIES[probe.source.family]];
  const based = chains.filter(
    ({ family, hook, interfaceName }) =>
      families?.includes(family) && hooks?.includes(hook) && ['', probe.interfaceName].includes(interfaceName),
  );
  for (const chain of based) {
    const table = chains.filter((one) => sameTable(one, chain));
    const { fate, at } = walkChain(chain, table, probe);
    const fallen = (fate === 'next' || fate === 'return') && chain.policy === 'drop';
    const where = at ?? (fallen ? { chain: chain.name, text: 'policy drop, and no rule before it lets them pass' } : undefined);
    if (where !== undefined) {
      const { tool, family, table: name } = chain;
      return { tool, family, table: name, base: chain.name, ...where, ...writerOf(table) };
    }
  }
  return undefined;
}
