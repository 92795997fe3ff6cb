// A connection to a server: in use by one request, or idle.
import type { Pool, PoolServer } from '../../model/layer7/pool.js';
import type { UpstreamTimeouts } from '../../model/layer7/proxying.js';
import { AGAIN, Slab } from './edge.js';
import { Stream, type StreamTable } from './stream.js';

/** The request that a connection is in use by. */
export interface ServerUser {
  /** slab[from, to) came from the server. */
  onServerData(from: number, to: number): void;
  onServerEnd(): void;
  onServerBroken(error: number): void;
  /** It took some of what waited. */
  onServerSent(): void;
  onServerDrained(): void;
  onServerDeadline(): void;
}

export class ServerConnection extends Stream {
  user: ServerUser | undefined;
  /** Bytes came for the request that it is in use by. */
  hasAnswered = false;
  /** Requests that it had, this one included. */
  requests = 0;
  /** It is idle, and counts as one of this pool's; undefined: it is not. */
  idleIn: Pool | undefined;
  #sentBefore = 0;

  constructor(
    table: StreamTable,
    fd: number,
    readonly server: PoolServer,
    readonly openedUs: number,
    /** The client that alone may use it; undefined: any may. */
    public owner: Stream | undefined,
  ) {
    super(table, fd, true);
  }

  /** Bytes went over it: before, the kernel answers EAGAIN. */
  get isConnected(): boolean {
    return this.bytesSent > 0 || this.hasAnswered;
  }

  /** The server may have a byte of the request. */
  get wasAsked(): boolean {
    return this.bytesSent > this.#sentBefore;
  }

  /** Nothing came on it while it was idle, not even its end: the events of this moment may not be handled yet. */
  isStill(): boolean {
    return this.table.edge.recv(this.fd, Slab.stageAt, 1) === AGAIN;
  }

  /** A request uses it. */
  begin(user: ServerUser): void {
    this.#sentBefore = this.bytesSent;
    this.user = user;
    this.hasAnswered = false;
    this.requests++;
  }

  /** An idle connection has nothing to receive: what comes belongs to no request. */
  onData(from: number, to: number): void {
    this.hasAnswered = true;
    if (this.user === undefined) this.close();
    else this.user.onServerData(from, to);
  }

  onEnd(): void {
    if (this.user === undefined) this.close();
    else this.user.onServerEnd();
  }

  onBroken(error: number): void {
    this.user?.onServerBroken(error);
  }

  override onSent(): void {
    this.user?.onServerSent();
  }

  onDrained(): void {
    this.user?.onServerDrained();
  }

  onDeadline(): void {
    if (this.user === undefined) this.close();
    else this.user.onServerDeadline();
  }
}

/** How long a server may take for its next step. `waits`: the request is sent, and its client takes what comes. */
export function armServer(connection: ServerConnection, timeouts: UpstreamTimeouts, isTunnel: boolean, waits: boolean): void {
  const { connectUs, sendUs, readUs, upgradedUs } = timeouts;
  const { nowUs } = connection.table.edge;
  if (isTunnel) connection.deadlineUs = upgradedUs === 0 ? 0 : nowUs + upgradedUs;
  else if (!connection.isConnected) connection.deadlineUs = nowUs + connectUs;
  else if (connection.isFull) connection.deadlineUs = nowUs + sendUs;
  else connection.deadlineUs = waits ? nowUs + readUs : 0;
}
