// Hashes by places: each server has as many as its weight. Weights are the operator's, so that feedback moves no client from server to server, and a
// server that is down keeps its places.
import type { Address } from '../../../model/address.js';
import { type Attempt, ROUNDS_MAX } from './attempt.js';
import { CRC32_START, crc32End, crc32OfText } from './crc32.js';
import type { Peer } from './peer.js';

const IP_HASH_START = 89;
const IP_HASH_MODULUS = 6271;

const totalWeight = (peers: readonly Peer[]): number => {
  let total = 0;
  for (const { server } of peers) total += server.weight;
  return total;
};

function atPlace(peers: readonly Peer[], place: number): Peer | undefined {
  let left = place;
  for (const peer of peers) {
    if (left < peer.server.weight) return peer;
    left -= peer.server.weight;
  }
  return undefined;
}

/** Looks at the places that `next` names until a server may be chosen; undefined: round robin must choose. */
function search(peers: readonly Peer[], attempt: Attempt, nowUs: number, next: () => number): Peer | undefined {
  const total = totalWeight(peers);
  while (attempt.rounds <= ROUNDS_MAX) {
    const peer = atPlace(peers, next() % total);
    if (peer?.isOpen(attempt, nowUs)) return peer;
    attempt.rounds++;
  }
  return undefined;
}

/** The first three bytes of an IPv4 address, all sixteen of IPv6. */
export function ipHash(peers: readonly Peer[], attempt: Attempt, nowUs: number, { family, words }: Address): Peer | undefined {
  const bytes = family === 'inet' ? 3 : 16;
  return search(peers, attempt, nowUs, () => {
    let hash = attempt.rehash === 0 ? IP_HASH_START : attempt.hash;
    for (let at = 0; at < bytes; at++) hash = (hash * 113 + (((words[at >> 2] ?? 0) >>> (24 - 8 * (at & 3))) & 255)) % IP_HASH_MODULUS;
    attempt.rehash++;
    attempt.hash = hash;
    return hash;
  });
}

/** As Cache::Memcached: 15 bits of the CRC of the key, with the number of the round before it from the second on, added up. */
export function keyHash(peers: readonly Peer[], attempt: Attempt, nowUs: number): Peer | undefined {
  return search(peers, attempt, nowUs, () => {
    const before = attempt.rehash === 0 ? CRC32_START : crc32OfText(CRC32_START, String(attempt.rehash));
    attempt.hash = (attempt.hash + ((crc32End(crc32OfText(before, attempt.key)) >>> 16) & 0x7fff)) >>> 0;
    attempt.rehash++;
    return attempt.hash;
  });
}

/** KTCPVS's hhttp: the sum of the key's bytes, modulo the number of servers. Where that one cannot be chosen, its neighbours are looked at. */
export function keySum(peers: readonly Peer[], attempt: Attempt, nowUs: number): Peer | undefined {
  let sum = 0;
  for (let at = 0; at < attempt.key.length; at++) sum += attempt.key.charCodeAt(at);
  for (let offset = 0; offset < peers.length; offset++) {
    const peer = peers[(sum + offset) % peers.length];
    if (peer?.isOpen(attempt, nowUs)) return peer;
  }
  return undefined;
}
