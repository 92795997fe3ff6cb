// Nodes of weir's own synchronisation stream, as an operator names them.
import type { Address } from './address.js';
import { parseEndpoint } from './endpoint-text.js';
import type { DestinationKey } from './service.js';

/** The same number as of the kernel's synchronisation, which is UDP. */
export const STREAM_PORT = 8848;

/** Where a node listens that has not been given an address. `first`: its first peer. */
export const anywhereFor = ({ address: { family } }: DestinationKey): DestinationKey => ({
  address: { family, words: family === 'inet' ? [0] : [0, 0, 0, 0] },
  port: STREAM_PORT,
});

/** Of a key's file. */
export const KEY_IS_EXPOSED = 'others may read or write it';

/** Of a peer. */
export const HAS_OTHER_KEY = 'it has another key';

/** Of a peer: the session leads to the process that has begun it. */
export const IS_THIS_NODE = 'its address is of this node itself';

/** `pin`: of the key that it must have; absent: it has this node's. */
export interface StreamPeer extends DestinationKey {
  readonly pin?: string;
}

/** 43 characters, as weir sync keygen prints them. */
export const isPin = (word: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(word);

export interface StreamSettings {
  /** Where it listens. */
  readonly listen: DestinationKey;
  readonly peers: readonly StreamPeer[];
  /** Milliseconds, at most, for which the first packet of a new connection waits until the peers have the connection; absent or 0: it does not. */
  readonly holdMs?: number;
}

/** Of holdMs. */
export const HOLD_MAX_MS = 100;

/** What became of first packets that were held back. `failed`: they did not go on, since their device is gone, or they were older than a second. */
export interface HoldStatus {
  readonly boundMs: number;
  readonly held: number;
  /** How many went on, and why: the peers had the connection, the time was over, too many waited, or no peer could take it. */
  readonly released: Readonly<Record<'acknowledged' | 'bound' | 'full' | 'alone', number>>;
  readonly failed: number;
  readonly waitedMs: number;
  readonly longestMs: number;
}

/** As a configuration states it. */
export interface ConfiguredStream extends StreamSettings {
  /** The file of its key. */
  readonly key: string;
}

/** Why a peer could not take an item: it has no such service or server, no room, another client at its local port, or cannot take such ones yet. */
export const LACKING_REASONS = ['unbound', 'full', 'port', 'unsupported'] as const;

/** Items that a peer could not take, by reason. */
export type Lacking = Readonly<Record<(typeof LACKING_REASONS)[number], number>>;

export const NOTHING_LACKS: Lacking = { unbound: 0, full: 0, port: 0, unsupported: 0 };

export const lackingSum = (lacking: Lacking): number => LACKING_REASONS.reduce((sum, reason) => sum + lacking[reason], 0);

/** What both ends have of a session, by its digest: not compared yet, or not by the peer's build; else what came of the last comparison. */
export type DigestState = 'none' | 'open' | 'equal' | 'differs';

/**
 * Why a connection of a host was refused before it sent anything of the stream: its address is no peer's; it has another key; it is no TLS 1.3 that ends
 * its handshake in time; or it made room, since too many of its address had proved nothing.
 */
export type ConnectionRefusal = 'address' | 'key' | 'handshake' | 'crowded';

/** What a session with a peer has come to. `whole`: all of the tables was sent once. */
export interface StreamDirection {
  readonly connected: boolean;
  readonly whole: boolean;
  readonly items: number;
  /** Sent and not acknowledged; received and not in the tables. */
  readonly waiting: number;
  readonly digest: DigestState;
  /** Of what the receiver could not take, as the sender counts it now. */
  readonly lacking: Lacking;
  /** Connections that the receiver had, and has no more before their time: it lacks them. */
  readonly lost: number;
  /** Since the peer sent what came last. */
  readonly silentSeconds: number;
  /** Why the last session ended, or none came about; empty: it goes on. */
  readonly failure: string;
  /** How often a session ended, or did not come about, since the peer did what it must not, by reason: `key`, or as the decoder and GOODBYE_REASONS have it. */
  readonly faults?: Readonly<Record<string, number>>;
}

export interface PeerStatus {
  /** `10.0.0.2:8848` */
  readonly address: string;
  /** Of the peer, where it has greeted. */
  readonly node: string;
  /** `wouldBreak`: connections that the peer would not have if this node died now; null: not known, since it has not got all of the table, or is silent. */
  readonly to: StreamDirection & { readonly wouldBreak: number | null };
  /** `refused`: items that could not be taken here, by reason. */
  readonly from: StreamDirection & { readonly refused: Readonly<Record<string, number>> };
}

export interface StreamStatus {
  readonly node: string;
  readonly peers: readonly PeerStatus[];
  /** Absent: it holds nothing back. */
  readonly hold?: HoldStatus;
  /** Connections that were refused before they sent anything: of other addresses, with other keys, or too many. */
  readonly strangers: number;
  /** They by reason. */
  readonly refused?: Readonly<Partial<Record<ConnectionRefusal, number>>>;
  /** The process has stood still for so long: all else is of before. Absent: it goes on. */
  readonly stalledSeconds?: number;
}

/** A session whose cable is cut goes on for a while, and what was sent meanwhile comes late. A peer sends five times a second. */
const SILENT_SECONDS = 3;

const counted = (count: number, what: string): string => `${count} of its connections ${what}`;

/** A connection with traffic is sent again so often, so that it lives as long at a peer as here but for that. */
export const REFRESH_SECONDS = 60;

/** Why a peer's connections are not all here; undefined: they are. What cannot be taken at all yet is none of it: to wait would not help. */
function missingOf({ from }: PeerStatus): string | undefined {
  if (!from.connected) return 'no session';
  if (from.silentSeconds >= SILENT_SECONDS) return 'nothing has come for seconds';
  if (!from.whole) return 'not all of its table has come';
  if (from.waiting > 0) return 'not all that came is in the table';
  if (from.lacking.unbound > 0) return counted(from.lacking.unbound, 'have no service or server here');
  if (from.lacking.full > 0) return counted(from.lacking.full, 'have no room here');
  if (from.lacking.port > 0) return counted(from.lacking.port, 'have a local port that is of another client here');
  if (from.lost > 0) return counted(from.lost, 'were here, and are gone before their time');
  if (from.digest === 'differs') return 'the digests differ';
  return from.digest === 'open' ? 'the digests are not compared yet' : undefined;
}

/** Peers whose connections are not all here, by address, each with the reason: `10.0.0.2:8848 (no session)`. */
export const peersMissing = ({ peers }: StreamStatus): readonly string[] =>
  peers.flatMap((peer) => {
    const why = missingOf(peer);
    return why === undefined ? [] : [`${peer.address} (${why})`];
  });

/** Whether connections are missing here of a peer that has them: it has a session, and is not silent. */
export const lacksOfPeers = ({ peers }: StreamStatus): boolean =>
  peers.some((peer) => peer.from.connected && peer.from.silentSeconds < SILENT_SECONDS && missingOf(peer) !== undefined);

const addressesOf = (peers: readonly PeerStatus[]): readonly Address[] =>
  peers.flatMap(({ address }) => parseEndpoint(address)?.address ?? []);
const isAlive = ({ connected, silentSeconds }: StreamDirection): boolean => connected && silentSeconds < SILENT_SECONDS;

export const peerAddresses = ({ peers }: StreamStatus): readonly Address[] => addressesOf(peers);

/** Peers that send to this node now. */
export const sendersOf = ({ peers }: StreamStatus): readonly Address[] => addressesOf(peers.filter(({ from }) => isAlive(from)));

/** Peers with sessions in both directions, that have got all of the table once. */
export const inTouch = ({ peers }: StreamStatus): readonly Address[] =>
  addressesOf(peers.filter(({ to, from }) => isAlive(to) && to.whole && isAlive(from)));

/** Of a session to a peer: as PeerStatus. */
export function brokenWithout({ connected, whole, digest, silentSeconds, waiting, lacking, lost }: StreamDirection): number | null {
  const isKnown = connected && whole && digest !== 'differs' && silentSeconds < SILENT_SECONDS;
  return isKnown ? waiting + lackingSum(lacking) + lost : null;
}

/** What a process that is alive stated so long ago, and nothing since: while it stands still, no peer gets anything from it. */
export function statusAfter(status: StreamStatus, seconds: number): StreamStatus {
  if (seconds < SILENT_SECONDS) return status;
  const later = <T extends StreamDirection>(direction: T): T => ({ ...direction, silentSeconds: direction.silentSeconds + seconds });
  const peers = status.peers.map(({ to, from, ...peer }) => ({ ...peer, to: { ...later(to), wouldBreak: null }, from: later(from) }));
  return { ...status, stalledSeconds: seconds, peers };
}

/**
 * How many connections would break if this node died now: those that no peer has. undefined: no peer is known to have all of the table.
 */
export function wouldBreak({ peers }: StreamStatus): number | undefined {
  const known = peers.flatMap(({ to }) => to.wouldBreak ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}
