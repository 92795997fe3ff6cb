// The rules that a packet meets, or may meet, also where it depends on what is not known of the packet, such as its source: those by which it may
// be dropped or sent elsewhere, with the policies, and those by which it may get a mark. What cannot be judged counts as a rule that may drop it.
import { asTracked, baseChains } from './blocking.js';
import { isPossible, MarksOnTheWay, type MarkWrite } from './marks.js';
import type { Blocked, Chain, Decision, PacketProbe, Rule } from './model.js';

const DEPTH_MAX = 16;
/** Chains in which a program has rules only while it bans someone: those of fail2ban and sshguard. */
const OF_BANS = /^(f2b-|fail2ban-|sshguard)/;

/** Called in the order in which the packet meets them. */
interface Seer {
  readonly met?: (rule: Rule, chain: Chain, base: Chain) => void;
  readonly stopped?: (text: string, chain: Chain, base: Chain, translates?: boolean) => void;
}

interface Walk {
  readonly base: Chain;
  readonly table: readonly Chain[];
  readonly probe: PacketProbe;
  readonly seer: Seer;
}

/** `end`: no rule behind it is reached. */
type After = 'end' | 'next';

function follow(walk: Walk, chain: Chain, text: string, decision: Decision, depth: number): After {
  switch (decision.kind) {
    case 'drop':
      walk.seer.stopped?.(text, chain, walk.base);
      return 'end';
    case 'translate':
      walk.seer.stopped?.(text, chain, walk.base, true);
      return 'end';
    case 'accept':
      return 'end';
    case 'jump':
    case 'goto': {
      const target = walk.table.find(({ name }) => name === decision.target);
      if (target !== undefined && depth <= DEPTH_MAX) return walkChain(walk, target, depth + 1);
      walk.seer.stopped?.(text, chain, walk.base);
      return 'next';
    }
    case 'skip':
    case 'unknown':
      // What may happen ends nothing.
      if (decision.kind === 'unknown' && decision.maybe === undefined) walk.seer.stopped?.(text, chain, walk.base);
      for (const maybe of decision.maybe ?? []) follow(walk, chain, text, maybe, depth);
      return 'next';
    case 'return':
      return 'next';
  }
}

function walkChain(walk: Walk, chain: Chain, depth: number): After {
  if (walk.probe.anyOpening === true && chain.hook === '' && OF_BANS.test(chain.name))
    walk.seer.stopped?.('its rules come and go with bans', chain, walk.base);
  for (const rule of chain.rules) {
    walk.seer.met?.(rule, chain, walk.base);
    const decision = rule.decide(walk.probe);
    const after = follow(walk, chain, rule.text, decision, depth);
    if (after === 'end') return 'end';
    if (decision.kind === 'return' || decision.kind === 'goto') return 'next';
  }
  return 'next';
}

/** What stands behind a rule that accepts or drops all such packets is not reached. */
function walkAll(chains: readonly Chain[], packet: PacketProbe, seer: Seer): void {
  const probe = asTracked(chains, packet);
  for (const base of baseChains(chains, probe)) {
    const { tool, family, table, policy } = base;
    const walk = { base, table: chains.filter((one) => one.tool === tool && one.family === family && one.table === table), probe, seer };
    if (walkChain(walk, base, 0) === 'next' && policy === 'drop')
      seer.stopped?.('policy drop, and no rule before it lets them pass', base, base);
  }
}

const placed = (text: string, { tool, family, table, name }: Chain, base: Chain): Blocked => ({
  tool,
  family,
  table,
  chain: name,
  base: base.name,
  text,
});

/** Every rule and policy by which such a packet may be dropped, or sent to another place than the service. */
export function droppingRules(chains: readonly Chain[], probe: PacketProbe): readonly Blocked[] {
  const found: Blocked[] = [];
  const stopped: Seer['stopped'] = (text, chain, base, translates = false) =>
    found.push({ ...placed(text, chain, base), ...(translates ? { translates } : {}) });
  walkAll(chains, probe, { stopped });
  return found;
}

/** A chain before it sees packets without a connection, whose mark is neither read nor written there. */
const CONNTRACK_PRIORITY = -200;

const isAboutConnection = ({ into, from }: MarkWrite): boolean => into === 'connection' || from === 'connection';

/**
 * Every rule by which the first packet of a connection may get one of these marks before it is routed: also by the connection's mark, which a rule
 * before it may have stored.
 */
export function markingRules(chains: readonly Chain[], probe: PacketProbe, marks: readonly number[]): readonly Blocked[] {
  const found: Blocked[] = [];
  const way = new MarksOnTheWay();
  const met: Seer['met'] = ({ text, marking }, chain, base) => {
    if (marking === undefined || base.hook === 'input' || marking.matches(probe) === false) return;
    const isTracked = base.hook === 'prerouting' && base.priority > CONNTRACK_PRIORITY;
    const possible = way.meets(isTracked ? marking.writes : marking.writes.filter((write) => !isAboutConnection(write)));
    if (marks.some((mark) => possible.some((one) => isPossible(one, mark)))) found.push(placed(text, chain, base));
  };
  walkAll(chains, probe, { met });
  return found;
}
