// The records of weir's own synchronisation between two of its nodes, over one byte stream. stream-encoder.ts has their bytes.
import type { PeerDrain } from '../../model/drain/peer-drain.js';
import type { PeerOverride } from '../../model/drain/peer-override.js';
import type { Lacking } from '../../model/stream-node.js';

export interface StreamHello {
  readonly kind: 'hello';
  readonly node: string;
  /** Of the sender's process, random: 16 hexadecimal digits. */
  readonly id: string;
}

/** The sender is alive. `whole`: all that its tables had so many milliseconds before is in the items that went before. */
export interface StreamBeat {
  readonly kind: 'beat';
  /** Milliseconds of the sender's clock, modulo 2^32. */
  readonly sent: number;
  readonly whole: boolean;
}

/** So many items of the session were dealt with: each is in the receiver's tables, or was refused. */
export interface StreamAck {
  readonly kind: 'ack';
  readonly count: number;
}

/**
 * Why an item is not in the receiver's tables, in the order of their numbers. `newer`: what is there had a packet later. `port`: its local port is
 * another client's there; who sends no local ports need not know that reason.
 */
export const ITEM_REFUSALS = ['unbound', 'full', 'unsupported', 'newer', 'port'] as const;
export type ItemRefusal = (typeof ITEM_REFUSALS)[number];

/**
 * Of items in a row, from this number on: an item's number is its place among all of the session, from 0 on. Sent before the acknowledgement that has them in
 * its count.
 */
export interface StreamRefused {
  readonly kind: 'refused';
  readonly number: number;
  readonly count: number;
  readonly reason: ItemRefusal;
}

/**
 * From the receiver, after the acknowledgement of so many: the digest of those of them that were not refused (stream-digest.ts). `lost`: connections of this
 * session that the receiver had, and has no more before their time.
 */
export interface StreamDigest {
  readonly kind: 'digest';
  readonly count: number;
  readonly sum: number;
  readonly lost: number;
}

/** The sender's answer: its own digest of the same, and what it knows the receiver to lack now. */
export interface StreamCompared {
  readonly kind: 'compared';
  readonly count: number;
  readonly sum: number;
  readonly lacking: Lacking;
}

/** After the hello, from either end: which tables its sender has, as random 16 hexadecimal digits that stay the same while these tables are there. */
export interface StreamTables {
  readonly kind: 'tables';
  readonly id: string;
}

/** Why a node ends a connection, in the order of their numbers. */
export const GOODBYE_REASONS = ['stop', 'bytes', 'order', 'silent', 'self'] as const;
export type GoodbyeReason = (typeof GOODBYE_REASONS)[number];

/** A drain of the sender, as it is now. */
export interface StreamDrain {
  readonly kind: 'drain';
  readonly drain: PeerDrain;
}

export interface StreamGoodbye {
  readonly kind: 'goodbye';
  readonly reason: GoodbyeReason;
}

/** All but items (stream-block.ts). */
export type StreamRecord =
  | StreamHello
  | StreamBeat
  | StreamAck
  | StreamRefused
  /** The receiver's services or servers have changed: what was refused may be taken now. */
  | { readonly kind: 'again' }
  | StreamGoodbye
  | StreamDigest
  | StreamCompared
  | StreamDrain
  | StreamTables
  /** An override of the sender, as it is now, or that it was taken away. */
  | { readonly kind: 'override'; readonly override: PeerOverride };

/** Why bytes are refused. The connection must be closed then: where the next record would begin is not known. */
export const STREAM_REFUSALS = [
  'version',
  'frame-type',
  'frame-size',
  'frame-short',
  'frame-rest',
  'hello-missing',
  'hello-name',
  'dictionary-number',
  'dictionary-full',
  'dictionary-entry',
  'item-flags',
  'item-destination',
  'item-family',
  'item-protocol',
  'item-state',
  'item-time',
  'item-endpoint',
  'item-call',
  'reason',
  'drain',
  'override',
] as const;
export type StreamRefusal = (typeof STREAM_REFUSALS)[number];

/** Sizes and limits of the stream. Bytes, unless a name states something else. */
export const StreamLayout = {
  version: 2,
  /** Length of the payload (2), type (1), version (1). */
  header: 4,
  payloadMax: 16_384,
  nodeNameMax: 64,
  callIdMax: 255,
  servicesMax: 16_384,
  destinationsMax: 65_536,
  /** No timer of IPVS is longer: 31 days. */
  secondsMax: 2_678_400,
  idleMax: 0xff_ffff,
} as const;

/** Types of frames. */
export const StreamType = {
  hello: 1,
  service: 2,
  destination: 3,
  /** The dictionary is empty again. */
  forget: 4,
  connections: 5,
  templates: 6,
  connectionDeletes: 7,
  templateDeletes: 8,
  beat: 9,
  ack: 10,
  refused: 11,
  again: 12,
  goodbye: 13,
  digest: 14,
  compared: 15,
  drain: 16,
  override: 17,
  tables: 18,
} as const;

/**
 * What a build can do beyond version 2, as names of ALPN, the best first. A frame of a type that a build does not know ends the connection: so those of digests
 * (2.1), items with the replies of FTP (2.2), drains (2.3), who had a connection's last packet (2.4), overrides (2.5) and which tables a node has (2.6) go only
 * where both ends have named that one. A build that names none has version 2 as it was.
 */
export const STREAM_PROTOCOLS = [
  'weir-stream/2.6',
  'weir-stream/2.5',
  'weir-stream/2.4',
  'weir-stream/2.3',
  'weir-stream/2.2',
  'weir-stream/2.1',
  'weir-stream/2',
] as const;

/** That both ends have agreed upon; null or false: none. */
type Agreed = string | false | null;

/** Whether it is this one, or a newer one. */
const hasAll = (protocol: Agreed, since: (typeof STREAM_PROTOCOLS)[number]): boolean =>
  (STREAM_PROTOCOLS as readonly Agreed[]).slice(0, STREAM_PROTOCOLS.indexOf(since) + 1).includes(protocol);

export const hasDigests = (protocol: Agreed): boolean => hasAll(protocol, 'weir-stream/2.1');

/** Items have the replies of FTP that are waited for, which a build before refuses. */
export const hasReplies = (protocol: Agreed): boolean => hasAll(protocol, 'weir-stream/2.2');

/** Drains travel. */
export const hasDrains = (protocol: Agreed): boolean => hasAll(protocol, 'weir-stream/2.3');

/** Items state whether their sender had the last packet itself. */
export const hasOwners = (protocol: Agreed): boolean => hasAll(protocol, 'weir-stream/2.4');

/** Overrides travel. */
export const hasOverrides = (protocol: Agreed): boolean => hasAll(protocol, 'weir-stream/2.5');

/** Nodes state which tables they have. */
export const hasTables = (protocol: Agreed): boolean => hasAll(protocol, 'weir-stream/2.6');
