// What an exchange asks of its client's connection, and what such a connection begins with.
import { type Address, isUnspecified } from '../../model/address.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { AccessRecord } from './access-record.js';
import type { Asked, ToPool } from './routing.js';
import type { Stream, StreamTable } from './stream.js';

/** The connection that a request came on. */
export interface ClientSide {
  readonly stream: Stream;
  /** A further request may follow this one: else the answer is marked as the last one. */
  readonly mayStayOpen: boolean;
  /** What the client sent ahead; undefined also within an exchange that is no tunnel. */
  takeKept(): Uint8Array | undefined;
  /** The proxy itself answers. */
  answer(status: number, cause: string): void;
  /** The exchange is over. `staysOpen`: the connection goes on. */
  exchangeEnded(record: Partial<AccessRecord>, staysOpen: boolean): void;
}

/** Of a connection that TLS carries: the table whose edge has its bytes, and the name that was asked for. A PROXY header came before TLS. */
export interface Secured {
  readonly table: StreamTable;
  readonly serverName: string | undefined;
}

/** Where a client connected to, which a listener of all addresses does not name. */
export function serverAddress({ table, fd }: Stream, { address }: Listener): Address {
  return (isUnspecified(address) ? table.edge.localAddress(fd) : undefined) ?? address;
}

/** A request that waits for its body. */
export interface Waiting {
  readonly asked: Asked;
  readonly routed: ToPool;
  readonly bytes: number;
}
