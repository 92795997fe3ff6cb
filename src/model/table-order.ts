// The orders in which the table is shown: the kernel's own (its hash table) and ipvsadm's sorted one.
import type { Address } from './address.js';
import { serviceFamily } from './identity.js';
import { IpProtocol } from './ip-protocol.js';
import type { DestinationKey, ServiceKey } from './service.js';

/** ipvsadm subtracts unsigned numbers and reads the difference as a signed one: 192.168.0.10 stands before 10.0.0.10. */
function difference(a: number, b: number): number {
  return (a - b) | 0;
}

function compareWords(a: Address, b: Address): number {
  // ipvsadm goes by the first one's family; the other's missing words are zero there.
  for (let index = 0; index < a.words.length; index++) {
    const far = difference(a.words[index] ?? 0, b.words[index] ?? 0);
    if (far !== 0) return far;
  }
  return 0;
}

function familyNumber(key: ServiceKey): number {
  return serviceFamily(key) === 'inet' ? 2 : 10;
}

/** ipvsadm's relation between services: mark, family, protocol, address, port. Not transitive: see `mergeSorted`. */
export function compareServices(a: ServiceKey, b: ServiceKey): number {
  const byMark = difference(a.kind === 'fwmark' ? a.mark : 0, b.kind === 'fwmark' ? b.mark : 0);
  if (byMark !== 0) return byMark;
  const byFamily = familyNumber(a) - familyNumber(b);
  if (byFamily !== 0 || a.kind === 'fwmark' || b.kind === 'fwmark') return byFamily;
  const byProtocol = IpProtocol[a.protocol] - IpProtocol[b.protocol];
  return byProtocol || compareWords(a.address, b.address) || a.port - b.port;
}

/** ipvsadm's relation between the destinations of a service: address, port. */
export function compareDestinations(a: DestinationKey, b: DestinationKey): number {
  return compareWords(a.address, b.address) || a.port - b.port;
}

/**
 * Sorts with the same comparisons as glibc's qsort (a merge sort of halves, the smaller first). A relation that is not
 * transitive gives another order with any other algorithm, Array.sort included.
 */
export function mergeSorted<T>(list: readonly T[], compare: (a: T, b: T) => number): T[] {
  if (list.length < 2) return [...list];
  const half = list.length >> 1;
  const left = mergeSorted(list.slice(0, half), compare);
  const right = mergeSorted(list.slice(half), compare);
  const merged: T[] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    const [a, b] = [left[i] as T, right[j] as T];
    if (compare(a, b) <= 0) {
      merged.push(a);
      i++;
    } else {
      merged.push(b);
      j++;
    }
  }
  return [...merged, ...left.slice(i), ...right.slice(j)];
}

const BUCKETS = 256;
/** The kernel mixes part of a pointer into its hash, so its order differs from boot to boot. This is one of those orders. */
const SEED = 0x30;

function bucketOf(key: ServiceKey): number {
  if (key.kind === 'fwmark') return (key.mark ^ SEED) & (BUCKETS - 1);
  const folded = key.address.words.reduce((mix, word) => mix ^ word, 0);
  return (IpProtocol[key.protocol] ^ folded ^ SEED ^ (key.port >>> 8) ^ key.port) & (BUCKETS - 1);
}

/** The order of the kernel's table, given all services newest first: marks last, then by bucket, newest first in each. */
export function tableOrder<T>(newestFirst: readonly T[], keyOf: (entry: T) => ServiceKey): T[] {
  const rank = (entry: T): number => {
    const key = keyOf(entry);
    return (key.kind === 'fwmark' ? BUCKETS : 0) + bucketOf(key);
  };
  return newestFirst
    .map((entry, index) => ({ entry, index, rank: rank(entry) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ entry }) => entry);
}
