// By chance and weight; `two`: of two, the one with fewer connections for its weight.
import { type Attempt, ROUNDS_MAX } from './attempt.js';
import type { Peer } from './peer.js';

/** A number of 32 bits. */
export type Draw = () => number;

const WORDS = 2 ** 32;

function peek(peers: readonly Peer[], draw: Draw): Peer | undefined {
  let total = 0;
  for (const { weight } of peers) total += weight;
  if (total === 0) return undefined;
  // weights that feedback moved need not be whole
  let left = Number.isInteger(total) ? draw() % total : (draw() / WORDS) * total;
  for (const peer of peers) {
    if (left < peer.weight) return peer;
    left -= peer.weight;
  }
  return undefined;
}

/** undefined: round robin must choose. */
export function random(peers: readonly Peer[], attempt: Attempt, nowUs: number, draw: Draw, two: boolean): Peer | undefined {
  let before: Peer | undefined;
  for (; attempt.rounds <= ROUNDS_MAX; attempt.rounds++) {
    const peer = peek(peers, draw);
    if (peer === undefined || peer === before || !peer.isOpen(attempt, nowUs)) continue;
    if (!two) return peer;
    if (before !== undefined) return peer.load.conns * before.weight > before.load.conns * peer.weight ? before : peer;
    before = peer;
  }
  return undefined;
}
