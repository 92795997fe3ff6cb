// Whether a director that has weir's own stream needs the kernel's protocol, too: for nodes that have no session of the stream.
import type { Address } from '../../model/address.js';
import { type DaemonSpec, SYNC_PEERS_MAX } from '../../model/sync-daemon.js';

/** So long a node whose session ended may be about to begin another. */
export const SESSION_SECONDS = 10;

export interface PlaneState {
  /** The daemons of the kernel's protocol are to run. */
  readonly isNeeded: boolean;
  /** Nodes that have no session now. */
  readonly without: readonly string[];
  /** When each node had a session last; of one that has had none: since when it is known. In seconds. */
  readonly seenAt: ReadonlyMap<string, number>;
}

/** Nothing is known yet: a node may have nothing else. */
export const initialPlane: PlaneState = { isNeeded: true, without: [], seenAt: new Map() };

export interface PlaneInput {
  /** Of a clock that only goes on. */
  readonly nowSeconds: number;
  /** The other nodes, as far as they are named. */
  readonly nodes: readonly string[];
  /** Those that have a session. */
  readonly inSession: ReadonlySet<string>;
}

/** Where no node is named, there is no stream. What is needed stays so until all have a session. */
export function nextPlane(state: PlaneState, { nowSeconds, nodes, inSession }: PlaneInput): PlaneState {
  const without = nodes.filter((node) => !inSession.has(node));
  const seenAt = new Map(nodes.map((node) => [node, inSession.has(node) ? nowSeconds : (state.seenAt.get(node) ?? nowSeconds)]));
  const isLate = without.some((node) => nowSeconds - (seenAt.get(node) ?? nowSeconds) >= SESSION_SECONDS);
  return { isNeeded: nodes.length === 0 || isLate || (state.isNeeded && without.length > 0), without, seenAt };
}

/**
 * What runs beside a stream: whoever is on the link may send by the kernel's protocol, which proves nothing, so it takes messages of the stream's peers alone
 * where the operator names no others. Messages of any are taken where it cannot be known from which addresses they come: by IPv6 mostly link-local ones.
 */
export function withPeersOf(peers: readonly Address[], spec: DaemonSpec): DaemonSpec {
  const isKnown = (spec.group?.family ?? 'inet') === 'inet' && peers.every(({ family }) => family === 'inet');
  const areNamed = spec.peers === undefined && isKnown && peers.length > 0 && peers.length <= SYNC_PEERS_MAX;
  return areNamed ? { ...spec, peers } : spec;
}
