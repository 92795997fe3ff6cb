// The law of Zhang's monitor daemon for LVS: w + A·∛(0.95 − load), from the configured weight up. It looks at each server alone: an idle pool rises to the
// ceiling, where weights no longer differ, and a busy one sinks to the configured weights. docs/feedback.md has what follows from that.
import type { Member } from './law.js';

const AIM = 0.95;

/** The next weight of one server, as he published it: from its load alone. */
export function cubeRootWeight({ weight, configured, follows }: Member, gain: number, ceiling: number): number {
  if (follows.kind === 'asks' || follows.kind === 'towards') return Math.round(follows.weight);
  if (follows.kind === 'held') return weight;
  const wanted = weight + gain * Math.cbrt(AIM - follows.window.busy);
  const next = Math.round(Math.min(configured * ceiling, Math.max(configured, wanted)));
  return Math.max(1, next);
}
