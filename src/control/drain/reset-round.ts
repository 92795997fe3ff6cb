// How connections of TCP are reset whose sequence numbers are not known here. An end that gets a segment outside of its window answers it by an
// acknowledgement with its own numbers (RFC 9293, 3.10.7.4), whatever else goes on, also where the connection is idle. Either end's answer has what a reset
// of both must have:
//
//     answer of    to the client            to the server
//     client       sequence = SEG.ACK       sequence = SEG.SEQ
//     server       sequence = SEG.SEQ       sequence = SEG.ACK
//
// Where data are on the way one of the two is not exact. An end that is in doubt sends such an acknowledgement once more (RFC 5961, 3.2), which the other
// end, whose connection is over, answers by a reset with the right number. The connection is still in the table then, and lets it pass.
import type { DrainedConnection } from '../../model/drain/drained-connection.js';
import { TcpFlag } from '../../wire/tcp.js';
import { type BareSegment, endsId } from '../../wire/tcp-packet.js';

/** `to`: `server`, it is from the client to the virtual endpoint, so that the datapath sends it on by whatever method; `client`: the other way round. */
export interface RoundSegment extends BareSegment {
  readonly to: 'client' | 'server';
  /** Of the service, for what goes to its server. */
  readonly mark: number;
}

interface Expected {
  readonly connection: DrainedConnection;
  readonly from: 'client' | 'server';
}

const ENDING = TcpFlag.syn | TcpFlag.fin | TcpFlag.rst;

/**
 * One round with some connections. Of one that is closed the server alone is asked, which may have missed its reset: the client may have begun another
 * connection by the same port.
 */
export class ResetRound {
  readonly #expected = new Map<string, Expected>();
  readonly #answered = { client: new Set<DrainedConnection>(), server: new Set<DrainedConnection>() };
  readonly #number: number;

  /** `number`: any that cannot be foreseen; the probes have it. */
  constructor(
    readonly connections: readonly DrainedConnection[],
    number: number,
  ) {
    this.#number = number >>> 0;
    for (const connection of connections) {
      const { client, virtual, server, local = client, isClosed } = connection;
      this.#expected.set(endsId(server, local), { connection, from: 'server' });
      if (isClosed) continue;
      this.#expected.set(endsId(client, virtual), { connection, from: 'client' });
      // Where a server's own answers pass by here, unchanged.
      this.#expected.set(endsId(virtual, client), { connection, from: 'server' });
    }
  }

  /** This end has: it was there still, and the other one may be. */
  hasAnswered(connection: DrainedConnection, end: 'client' | 'server'): boolean {
    return this.#answered[end].has(connection);
  }

  /** What both ends of each connection answer. */
  *probes(): Generator<RoundSegment> {
    const numbers = { sequence: this.#number, acknowledgement: ~this.#number >>> 0, flags: TcpFlag.ack };
    for (const { client, virtual, mark, isClosed } of this.connections) {
      if (!isClosed) yield { to: 'client', mark: 0, source: virtual, destination: client, ...numbers };
      yield { to: 'server', mark, source: client, destination: virtual, ...numbers };
    }
  }

  /** What a segment that came in asks for: a reset for each end. Of each end the first one counts. */
  answered({ source, destination, sequence, acknowledgement, flags }: BareSegment): readonly RoundSegment[] {
    if ((flags & (TcpFlag.ack | ENDING)) !== TcpFlag.ack) return [];
    // The probe of this director itself, by lo.
    if (sequence === this.#number && acknowledgement === ~this.#number >>> 0) return [];
    const id = endsId(source, destination);
    const expected = this.#expected.get(id);
    if (expected === undefined) return [];
    this.#expected.delete(id);
    const { connection, from } = expected;
    this.#answered[from].add(connection);
    const { client, virtual, mark, isClosed } = connection;
    const [ofClient, ofServer] = from === 'client' ? [acknowledgement, sequence] : [sequence, acknowledgement];
    const reset = { acknowledgement: 0, flags: TcpFlag.rst };
    const toServer: RoundSegment = { to: 'server', mark, source: client, destination: virtual, sequence: ofServer, ...reset };
    return isClosed
      ? [toServer]
      : [{ to: 'client', mark: 0, source: virtual, destination: client, sequence: ofClient, ...reset }, toServer];
  }
}
