// What is known of weir's own stream on this host.
import type { Address } from '../model/address.js';
import type { ConfiguredStream, StreamStatus } from '../model/stream-node.js';
import type { Blocked } from './packet-filter/model.js';

export interface StreamFact {
  /** Absent: no process runs. */
  readonly status?: StreamStatus;
  /** lvs_sync_stream of a daemon that runs here. */
  readonly configured?: ConfiguredStream;
  /** Why the configured key cannot be used. */
  readonly keyFailure?: string;
  readonly blocks: readonly StreamBlock[];
}

/** A rule that drops what a peer of the stream sends to this host. */
export interface StreamBlock {
  /** As the status has it. */
  readonly peer: string;
  /** Of this host. */
  readonly address: Address;
  readonly port: number;
  readonly by: Blocked;
}
