// Smooth weighted round robin: 5, 1, 1 is a a b a c a a.
import type { Attempt } from './attempt.js';
import type { Peer } from './peer.js';

/** `bound`: the server that the client is bound to, if it may be chosen; it is charged as if its turn had come, but by one round in a row alone. */
export function roundRobin(peers: readonly Peer[], attempt: Attempt, nowUs: number, bound?: Peer): Peer | undefined {
  let best: Peer | undefined;
  let total = 0;
  if (bound !== undefined) {
    let others = -bound.weight;
    for (const peer of peers) others += peer.weight;
    if (bound.currentWeight <= -others) return bound;
  }
  for (const peer of peers) {
    if (!peer.isOpen(attempt, nowUs)) continue;
    total += peer.raise();
    if (best === undefined || peer.currentWeight > best.currentWeight) best = peer;
  }
  if (bound !== undefined) best = bound;
  if (best !== undefined) best.currentWeight -= total;
  return best;
}
