// A connection that a drain has left, by what its packets have.
import type { DestinationKey } from '../service.js';

export interface DrainedConnection {
  readonly client: DestinationKey;
  readonly virtual: DestinationKey;
  readonly server: DestinationKey;
  /** What its server knows in the place of its client, by FULLNAT; absent: the client itself. */
  readonly local?: DestinationKey;
  /** Of its service; 0: none. */
  readonly mark: number;
  /** A reset has passed here: its client has none any more. */
  readonly isClosed: boolean;
}
