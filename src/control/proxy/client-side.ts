// What an exchange asks of its client's connection.
import type { AccessRecord } from './access-record.js';
import type { Stream } from './stream.js';

/** The connection that a request came on. */
export interface ClientSide {
  readonly stream: Stream;
  /** A further request may follow this one: else the answer is marked as the last one. */
  readonly mayKeep: boolean;
  /** What the client sent ahead; undefined also within an exchange that is no tunnel. */
  takeKept(): Uint8Array | undefined;
  /** The proxy itself answers. */
  answer(status: number, cause: string): void;
  /** The exchange is over. `keeps`: the connection goes on. */
  exchangeEnded(record: Partial<AccessRecord>, keeps: boolean): void;
}
