// Nodes of weir's own synchronisation stream, as an operator names them.
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
}

/** As a configuration states it. */
export interface ConfiguredStream extends StreamSettings {
  /** The file of its key. */
  readonly key: string;
}

/** What a session with a peer has come to. `whole`: all of the tables was sent once. */
export interface StreamDirection {
  readonly connected: boolean;
  readonly whole: boolean;
  readonly items: number;
  /** Sent and not acknowledged; received and not in the tables. */
  readonly waiting: number;
  /** Why the last session ended, or none came about; empty: it goes on. */
  readonly failure: string;
}

export interface PeerStatus {
  /** `10.0.0.2:8848` */
  readonly address: string;
  /** Of the peer, where it has greeted. */
  readonly node: string;
  /** `lacking`: items that the peer could not take. */
  readonly to: StreamDirection & { readonly lacking: number };
  /** `refused`: items that could not be taken here, by reason. `silentSeconds`: since it sent what came last. */
  readonly from: StreamDirection & { readonly refused: Readonly<Record<string, number>>; readonly silentSeconds: number };
}

export interface StreamStatus {
  readonly node: string;
  readonly peers: readonly PeerStatus[];
  /** Connections of peers that were refused before they sent anything: of other addresses, with other keys, or too many. */
  readonly strangers: number;
}

/** A session whose cable is cut goes on for a while, and what was sent meanwhile comes late. A peer sends five times a second. */
const SILENT_SECONDS = 3;

/** Peers whose connections are not all here, by address. */
export const peersMissing = ({ peers }: StreamStatus): readonly string[] =>
  peers
    .filter(({ from }) => !from.connected || !from.whole || from.waiting > 0 || from.silentSeconds >= SILENT_SECONDS)
    .map(({ address }) => address);

/**
 * How many connections would break if this node died now: those that no peer has. undefined: no peer has got all of the table yet, so that it is not known.
 */
export function wouldBreak({ peers }: StreamStatus): number | undefined {
  const whole = peers.filter(({ to }) => to.connected && to.whole);
  return whole.length === 0 ? undefined : Math.min(...whole.map(({ to }) => to.waiting + to.lacking));
}
