// Every rule and policy by which a packet may be dropped, also where it depends on what is not known of the packet, such as its source.
import { baseChains } from './blocking.js';
import type { Blocked, Chain, Decision, PacketProbe } from './model.js';

const DEPTH_MAX = 16;

interface Walk {
  readonly base: Chain;
  readonly table: readonly Chain[];
  readonly probe: PacketProbe;
  readonly found: Blocked[];
}

/** `end`: no rule behind it is reached. */
type After = 'end' | 'next';

function follow(walk: Walk, chain: Chain, text: string, decision: Decision, depth: number): After {
  switch (decision.kind) {
    case 'drop': {
      const { tool, family, table } = chain;
      walk.found.push({ tool, family, table, chain: chain.name, base: walk.base.name, text });
      return 'end';
    }
    case 'accept':
    case 'translate':
      return 'end';
    case 'jump':
    case 'goto': {
      const target = walk.table.find(({ name }) => name === decision.target);
      return target === undefined || depth > DEPTH_MAX ? 'next' : walkChain(walk, target, depth + 1);
    }
    case 'skip':
    case 'unknown':
      // What may happen ends nothing.
      if (decision.maybe !== undefined) follow(walk, chain, text, decision.maybe, depth);
      return 'next';
    case 'return':
      return 'next';
  }
}

function walkChain(walk: Walk, chain: Chain, depth: number): After {
  for (const { text, decide } of chain.rules) {
    const decision = decide(walk.probe);
    const after = follow(walk, chain, text, decision, depth);
    if (after === 'end') return 'end';
    if (decision.kind === 'return' || decision.kind === 'goto') return 'next';
  }
  return 'next';
}

/** In the order in which a packet meets them; what stands behind a rule that accepts or drops all such packets is not reached. */
export function droppingRules(chains: readonly Chain[], probe: PacketProbe): readonly Blocked[] {
  const found: Blocked[] = [];
  for (const base of baseChains(chains, probe)) {
    const { tool, family, table, name, policy } = base;
    const walk = { base, table: chains.filter((one) => one.tool === tool && one.family === family && one.table === table), probe, found };
    if (walkChain(walk, base, 0) === 'next' && policy === 'drop')
      found.push({ tool, family, table, chain: name, base: name, text: 'policy drop, and no rule before it lets them pass' });
  }
  return found;
}
