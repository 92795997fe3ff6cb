// The records of weir's own synchronisation between two of its nodes, over one byte stream. stream-encoder.ts has their bytes.
import type { ForeignConnection } from '../model/foreign-connection.js';
import type { ForeignTemplate } from '../model/foreign-template.js';
import type { DestinationKey, ServiceKey } from '../model/service.js';
import type { SyncSequence } from './sync-entry.js';

/** How new something is, over all nodes: first by the epoch, then by the number, 32 bits each. {0, 0}: it is not known. */
export interface StreamVersion {
  readonly epoch: number;
  readonly number: number;
}

/** Its `timeout` does not travel and is 0: the receiver has its own. */
export interface StreamConnection {
  readonly kind: 'connection';
  readonly service: ServiceKey;
  /** As configured: the connection's own server may have another port (of all ports, of a mark). */
  readonly destination: DestinationKey;
  readonly connection: ForeignConnection;
  /** FTP: how sequence numbers are shifted. */
  readonly sequence?: SyncSequence;
  /** FULLNAT: the director's address and port that stand for the client. */
  readonly local?: DestinationKey;
}

export interface StreamTemplate {
  readonly kind: 'template';
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly template: ForeignTemplate;
  /** SIP: of one call alone; 1 to 255 bytes. */
  readonly callId?: Uint8Array;
}

/** What a table has, by endpoints. */
export type StreamItem = StreamConnection | StreamTemplate;

/** `number`: of the record, rising by one in the sender's epoch; acknowledgements name it. 48 bits. */
interface Numbered {
  readonly number: number;
}

interface ItemRecordOf<Kind> extends Numbered {
  readonly kind: Kind;
  readonly item: StreamItem;
  readonly version: StreamVersion;
  /** This version was made in the receiver's table, and the sender has not changed it. */
  readonly yours: boolean;
}

/** A whole item, or its end. */
export type ItemRecord = ItemRecordOf<'item'> | ItemRecordOf<'delete'>;

/** How many items a range of keys has, and a sum over them: 32 bits each. */
export interface RangeDigest {
  readonly count: number;
  readonly sum: number;
}

/** From here on the items of a range of keys come, which all have come with its end. News may come between. */
export interface SnapshotBegin extends Numbered {
  readonly kind: 'snapshot-begin';
  readonly range: number;
}

export interface SnapshotEnd extends Numbered {
  readonly kind: 'snapshot-end';
  readonly range: number;
  readonly digest: RangeDigest;
}

export interface StreamHello {
  readonly kind: 'hello';
  readonly node: string;
  /** Of the sender's process: each has a greater one. 32 bits. */
  readonly epoch: number;
  /** The identity of the sender's table, 16 hexadecimal digits: after a reboot it is another one. */
  readonly table: string;
  /** The receiver's last record that the sender has put into its table. `epoch` 0: none. */
  readonly received: StreamVersion;
  /** No version that the sender knows is newer. */
  readonly clock: StreamVersion;
}

/** Each record up to this one is in the receiver's table. */
export interface StreamAck {
  readonly kind: 'ack';
  readonly epoch: number;
  readonly number: number;
}

/** Why a record is not in the receiver's table, in the order of their numbers. */
export const RECORD_REFUSALS = ['unbound', 'full', 'unsupported'] as const;
export type RecordRefusal = (typeof RECORD_REFUSALS)[number];

/** A record is not in the receiver's table; sent before the acknowledgement that passes over it. */
export interface StreamRefused {
  readonly kind: 'refused';
  readonly number: number;
  readonly reason: RecordRefusal;
}

/** Of each range of the sender's table, after all that was sent before. */
export interface StreamDigests {
  readonly kind: 'digests';
  readonly ranges: readonly RangeDigest[];
}

/** Why a node ends a connection, in the order of their numbers. */
export const GOODBYE_REASONS = ['stop', 'bytes', 'order', 'silent', 'epoch', 'node'] as const;
export type GoodbyeReason = (typeof GOODBYE_REASONS)[number];

export interface StreamGoodbye {
  readonly kind: 'goodbye';
  readonly reason: GoodbyeReason;
}

export type NumberedRecord = ItemRecord | SnapshotBegin | SnapshotEnd;

export type StreamRecord =
  | NumberedRecord
  | StreamHello
  | StreamAck
  | StreamRefused
  | StreamDigests
  | { readonly kind: 'heartbeat' }
  | StreamGoodbye;

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
  'range',
  'reason',
] as const;
export type StreamRefusal = (typeof STREAM_REFUSALS)[number];

/** Sizes and limits of the stream. Bytes, unless a name states something else. */
export const StreamLayout = {
  version: 1,
  /** Length of the payload (2), type (1), version (1). */
  header: 4,
  payloadMax: 16_384,
  nodeNameMax: 64,
  callIdMax: 255,
  servicesMax: 16_384,
  destinationsMax: 65_536,
  /** No timer of IPVS is longer: 31 days. */
  secondsMax: 2_678_400,
  /** So many ranges of keys a table has. */
  ranges: 64,
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
  snapshotBegin: 9,
  snapshotEnd: 10,
  digests: 11,
  ack: 12,
  refused: 13,
  heartbeat: 14,
  goodbye: 15,
} as const;
