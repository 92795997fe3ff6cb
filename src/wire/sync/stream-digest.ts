// The digest of items of weir's own stream: a sum, so that their order has no part in it. Two sides that know the same connections, templates and ends, with the same
// servers and states, have the same one. Times have no part in it: each side has its own.
import { mix } from './stream-hash.js';
import { ItemFlag, type ItemKind, type StreamItem } from './stream-item.js';

const SUMS = 2 ** 48;

function mixWords(hash: number, words: ArrayLike<number>, count: number): number {
  let mixed = hash;
  for (let k = 0; k < count; k++) mixed = mix(mixed, words[k] ?? 0);
  return mixed;
}

/** 32 bits of what an item states, but for its times. Never 0, which is that of no item. */
export function itemHash(what: ItemKind, ended: boolean, item: StreamItem): number {
  const { flags, words } = item;
  const isConnection = what === 'connection';
  let hash = mix(item.destination.hash, flags | (isConnection ? 0x100 : 0) | (ended ? 0x200 : 0));
  hash = mixWords(hash, item.client, words);
  if (isConnection) {
    hash = mix(hash, (item.bits << 16) | item.port);
    if ((flags & ~ItemFlag.inet6) !== 0) hash = mixParts(hash, item, words);
  } else if ((flags & ItemFlag.call) !== 0) hash = mixWords(hash, item.call, item.call.length);
  hash = Math.imul(hash, 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0 || 1;
}

function mixParts(hash: number, item: StreamItem, words: number): number {
  let mixed = hash;
  if ((item.flags & ItemFlag.endpoint) !== 0) {
    mixed = mix(mixWords(mixed, item.virtual, words), item.protocol);
    mixed = mix(mixed, (item.virtualPort << 16) | item.serverPort);
  }
  if ((item.flags & ItemFlag.sequence) !== 0) mixed = mixWords(mixed, item.sequence, item.sequence.length);
  if ((item.flags & ItemFlag.reply) !== 0) mixed = mixWords(mixed, item.reply, item.reply.length);
  if ((item.flags & ItemFlag.local) === 0) return mixed;
  return mix(mixWords(mixed, item.local, item.isLocalInet6 ? 4 : 1), item.localPort);
}

/** Of two digests, of the items of both. A hash is the digest of one item. */
export function addDigests(one: number, other: number): number {
  const sum = one + other;
  return sum < SUMS ? sum : sum - SUMS;
}
