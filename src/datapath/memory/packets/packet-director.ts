// The reference director: the behaviour of the loaded programs, packet in, packet out, on a clock that the caller sets. It is what they are
// compared with (test/datapath/reference), and what `weir sim packets` runs.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { macText } from '../../../wire/ethernet.js';
import { type Connection, touch } from './connection.js';
import { decideRequest, isServerSide, type Question } from './decide.js';
import { type Environment, LOOPBACK } from './environment.js';
import { type Arrival, countPacket, localReply, type Outcome, passed, reply, request, unknownReply } from './forward.js';
import { type PacketOptions, PacketTable } from './packet-table.js';
import { isMartian, type Packet, type Parsed, parseFrame } from './parse.js';
import { related } from './related.js';

export interface Frame {
  /** By which it comes, or leaves. */
  readonly device: string;
  readonly bytes: Uint8Array;
  /** Bytes of payload in each segment of a packet that is not cut yet. */
  readonly gsoSize?: number;
}

export class PacketDirector extends PacketTable {
  /** Units of the datapath's clock. */
  now = 0;

  constructor(
    readonly environment: Environment,
    options: PacketOptions = {},
  ) {
    super(options);
  }

  /** A frame that comes in. */
  ingress({ device, bytes, gsoSize = 0 }: Frame): Outcome {
    const untouched = passed({ frame: bytes });
    if (this.records.isEmpty || macText(bytes.subarray(0, 6)) !== this.environment.macOf(device)) return untouched;
    const parsed = parseFrame(bytes, gsoSize);
    const question = this.#question(device);
    const { packet } = parsed;
    if (packet === undefined || parsed.kind !== 'ok') return this.#odd(question, bytes, parsed);
    const arrival = { frame: bytes, packet, gsoSize };
    const service = this.records.service(packet.destination, packet.destinationPort, packet.protocol);
    if (service !== undefined) {
      const forged = question.wire && (packet.source === packet.destination || isMartian(packet.source));
      const decision = forged ? ({ kind: 'drop', reason: 'martian' } as const) : decideRequest(question, packet, service);
      return request(question, arrival, decision);
    }
    return this.#answer(question, arrival) ?? (device === LOOPBACK ? untouched : this.#seen(question, arrival));
  }

  /** A frame that the director itself sends. */
  egress({ device, bytes, gsoSize = 0 }: Frame): Outcome {
    if (this.records.isEmpty) return passed({ frame: bytes });
    const parsed = parseFrame(bytes, gsoSize);
    const question = this.#question(device);
    const { packet } = parsed;
    if (packet !== undefined && isIcmp(parsed)) return related(question, bytes, packet, true);
    if (packet === undefined || parsed.kind !== 'ok') return passed({ frame: bytes });
    const arrival = { frame: bytes, packet, gsoSize };
    if (this.#answering(packet).length === 0) return this.#seen(question, arrival);
    const connection = this.#replied(question, packet);
    return connection === undefined ? passed(arrival) : localReply(question, arrival, connection);
  }

  #question(device: string): Question {
    return { table: this, environment: this.environment, now: this.now, device, wire: device !== LOOPBACK };
  }

  /** A packet that is not balanced because of its form; ICMP errors may be about others that are. */
  #odd(question: Question, bytes: Uint8Array, parsed: Parsed): Outcome {
    const { kind, packet } = parsed;
    if (packet !== undefined && isIcmp(parsed)) return related(question, bytes, packet, false);
    if (kind === 'fragment' && this.#isBalanced(packet)) this.count('fragment');
    if (kind === 'bad') this.count(packet === undefined ? 'short' : 'bad_length');
    if (kind === 'bad sum') this.count('bad_checksum');
    return passed({ frame: bytes });
  }

  /** Only a first fragment has ports: of each packet it alone is counted. */
  #isBalanced(packet: Packet): boolean {
    if (packet.destinationPort === 0) return false;
    return (
      this.records.service(packet.destination, packet.destinationPort, packet.protocol) !== undefined || this.#answering(packet).length > 0
    );
  }

  #answering({ source, sourcePort, protocol }: Packet): ReturnType<PacketTable['records']['answering']> {
    return this.records.answering(source, sourcePort, protocol);
  }

  /** A packet of a masqueraded server. undefined: it is none, or is left as it is. */
  #answer(question: Question, arrival: Arrival): Outcome | undefined {
    const { packet } = arrival;
    const connection = this.#replied(question, packet);
    if (connection === undefined) return this.#answering(packet).length > 0 ? unknownReply(question, arrival) : undefined;
    return isServerSide(question, connection.destination, packet.destination) ? reply(question, arrival, connection) : undefined;
  }

  /** The connection whose masqueraded server sends the packet. */
  #replied({ now }: Question, packet: Packet): Connection | undefined {
    return this.connections.masqueradedTo(this.#answering(packet), packet.destination, packet.destinationPort, now);
  }

  /** From a service's own address: the answer of a server that is not masqueraded is counted and passes. */
  #seen({ now }: Question, arrival: Arrival): Outcome {
    const { packet } = arrival;
    const service = this.records.service(packet.source, packet.sourcePort, packet.protocol);
    const connection = service && this.connections.find(packet.destination, packet.destinationPort, service, now);
    if (connection !== undefined && connection.method !== 'masq') {
      touch(this.settings, connection, packet, now, true);
      countPacket(connection.destination, packet.bytes, true);
    }
    return passed(arrival);
  }
}

const isIcmp = ({ kind, packet }: Parsed): boolean => kind === 'other' && packet?.protocol === IpProtocol.icmp && !packet.fragment;
