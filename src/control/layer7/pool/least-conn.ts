// The fewest connections by weight; among equals smooth round robin.
import type { Attempt } from './attempt.js';
import type { Peer } from './peer.js';

export function leastConn(peers: readonly Peer[], attempt: Attempt, nowUs: number): Peer | undefined {
  let best: Peer | undefined;
  let many = false;
  for (const peer of peers) {
    if (!peer.isOpen(attempt, nowUs)) continue;
    if (best === undefined || peer.load.conns * best.weight < best.load.conns * peer.weight) {
      best = peer;
      many = false;
    } else if (peer.load.conns * best.weight === best.load.conns * peer.weight) many = true;
  }
  if (best === undefined || !many) return best;
  let total = 0;
  const from = best;
  let behind = false;
  for (const peer of peers) {
    behind ||= peer === from;
    if (!behind || peer.load.conns * best.weight !== best.load.conns * peer.weight || !peer.isOpen(attempt, nowUs)) continue;
    total += peer.raise();
    if (peer.currentWeight > best.currentWeight) best = peer;
  }
  best.currentWeight -= total;
  return best;
}
