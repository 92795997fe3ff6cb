// Consistent hashing (ketama): 160 points for each unit of weight, so that a server that comes or goes moves only its share of the keys.
import { type Attempt, ROUNDS_MAX } from './attempt.js';
import { CRC32_START, crc32Byte, crc32End, crc32OfText } from './crc32.js';
import type { Peer } from './peer.js';
import { roundRobin } from './round-robin.js';

const POINTS_PER_WEIGHT = 160;
/** Number of a server; its points' values stand above it in one number, so that sorting is sorting numbers. */
const SERVERS = 65_536;

/** CRC of host, NUL and port of a server's name, as Cache::Memcached::Fast. */
function baseOf(name: string): number {
  const port = /:(\d*)$/.exec(name);
  const host = port === null ? name : name.slice(0, port.index);
  return crc32OfText(crc32Byte(crc32OfText(CRC32_START, host), 0), port?.[1] ?? '');
}

export class Ring {
  readonly #values: Uint32Array;
  /** The server's name at each point: servers of one name share its points. */
  readonly #names: readonly string[];

  constructor(readonly peers: readonly Peer[]) {
    const points: number[] = [];
    for (const [number, { server }] of peers.entries()) {
      const base = baseOf(server.name);
      let before = 0;
      for (let count = 0; count < server.weight * POINTS_PER_WEIGHT; count++) {
        let crc = base;
        for (let shift = 0; shift < 32; shift += 8) crc = crc32Byte(crc, (before >>> shift) & 255);
        before = crc32End(crc);
        points.push(before * SERVERS + number);
      }
    }
    const sorted = Float64Array.from(points).sort();
    const unique = sorted.filter((point, at) => at === 0 || Math.floor(point / SERVERS) !== Math.floor((sorted[at - 1] ?? 0) / SERVERS));
    this.#values = Uint32Array.from(unique, (point) => Math.floor(point / SERVERS));
    this.#names = Array.from(unique, (point) => peers[point % SERVERS]?.server.name ?? '');
  }

  /** The first point that is not below the key's; behind the last one comes the first. */
  #find(key: string): number {
    const value = crc32End(crc32OfText(CRC32_START, key));
    let [low, high] = [0, this.#values.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#values[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** undefined: the balance or round robin must choose. */
  choose(attempt: Attempt, nowUs: number): Peer | undefined {
    if (attempt.rehash === 0) {
      attempt.hash = this.#find(attempt.key);
      attempt.rehash = 1;
    }
    while (attempt.rounds <= ROUNDS_MAX) {
      const name = this.#names[attempt.hash % this.#names.length];
      const found = this.#ofName(name, attempt, nowUs);
      if (found !== undefined) return found;
      attempt.hash++;
      attempt.rounds++;
    }
    return undefined;
  }

  #ofName(name: string | undefined, attempt: Attempt, nowUs: number): Peer | undefined {
    let only: Peer | undefined;
    for (const peer of this.peers) {
      if (peer.server.name !== name || !peer.isOpen(attempt, nowUs)) continue;
      if (only !== undefined) {
        return roundRobin(
          this.peers.filter(({ server }) => server.name === name),
          attempt,
          nowUs,
        );
      }
      only = peer;
    }
    return only;
  }
}
