// ICMP errors about balanced connections: the quoted packet identifies the connection, and the error goes where that packet came from, both
// translated.
import { viewOf } from '../../../wire/bytes.js';
import { internetChecksum } from '../../../wire/checksum.js';
import { IcmpType } from '../../../wire/icmp.js';
import type { Connection } from './connection.js';
import { isServerSide, type Question, schedule } from './decide.js';
import { countPacket, type Outcome, passed, sent } from './forward.js';
import { ETHERNET_BYTES, IP_BYTES, type Packet } from './parse.js';
import type { ServiceRecord } from './records.js';
import { type Endpoint, handIn, replaceWord } from './rewrite.js';

const ICMP_BYTES = 8;
/** Longer messages are left to the stack. */
const MESSAGE_MAX_BYTES = 1536;
const ERRORS: ReadonlySet<number> = new Set([IcmpType.unreachable, IcmpType.sourceQuench, IcmpType.timeExceeded]);

interface Quoted {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
}

interface Message {
  readonly frame: Uint8Array;
  readonly packet: Packet;
  readonly quoted: Quoted;
}

/** The message, if it is an error that quotes the beginning of a packet without IP options. */
function messageOf(frame: Uint8Array, packet: Packet): Message | undefined {
  const view = viewOf(frame);
  const icmp = ETHERNET_BYTES + packet.header;
  const at = icmp + ICMP_BYTES;
  if (frame.length < at + IP_BYTES + 4 || !ERRORS.has(view.getUint8(icmp)) || view.getUint8(at) !== 0x45) return undefined;
  if ((view.getUint16(at + 6) & 0x1fff) !== 0 || packet.length < packet.header) return undefined;
  const quoted = {
    source: view.getUint32(at + 12),
    destination: view.getUint32(at + 16),
    sourcePort: view.getUint16(at + IP_BYTES),
    destinationPort: view.getUint16(at + IP_BYTES + 2),
    protocol: view.getUint8(at + 9),
  };
  return { frame, packet, quoted };
}

/** `inbound`: towards the server, by whose endpoint the quoted source is replaced; else the quoted destination is. */
function translated({ frame, packet }: Message, inbound: boolean, to: Endpoint | undefined): Uint8Array {
  const copy = frame.slice();
  if (to === undefined) return copy;
  const view = viewOf(copy);
  const icmp = ETHERNET_BYTES + packet.header;
  const quoted = icmp + ICMP_BYTES;
  const change = (sumAt: number, at: number, size: 2 | 4, after: number): void => {
    const before = size === 4 ? view.getUint32(at) : view.getUint16(at);
    view.setUint16(sumAt, replaceWord(view.getUint16(sumAt), before, after));
    if (size === 4) view.setUint32(at, after);
    else view.setUint16(at, after);
  };
  change(quoted + 10, quoted + (inbound ? 12 : 16), 4, to.address);
  change(icmp + 2, quoted + IP_BYTES + (inbound ? 0 : 2), 2, to.port);
  change(ETHERNET_BYTES + 10, ETHERNET_BYTES + (inbound ? 16 : 12), 4, to.address);
  return copy;
}

/** undefined: both checksums are right. The kernel's stack drops a wrong IP header before IPVS sees it; IPVS drops a wrong message. */
function invalid({ table }: Question, { frame, packet }: Message): Outcome | undefined {
  const from = ETHERNET_BYTES + packet.header;
  if (internetChecksum(frame.subarray(ETHERNET_BYTES, from)) !== 0) {
    table.count('bad_checksum');
    return passed({ frame });
  }
  const size = packet.length - packet.header;
  if (size > MESSAGE_MAX_BYTES || from + size > frame.length) return passed({ frame });
  if (internetChecksum(frame.subarray(from, from + size)) === 0) return undefined;
  table.count('icmp_checksum');
  return { verdict: 'drop', frame };
}

type Related = Pick<Connection, 'destination' | 'service' | 'method'>;

/** schedule_icmp: without a connection, the server that it would get here, as where another director has it. None is made. */
function scheduled(question: Question, { frame, quoted }: Message, service: ServiceRecord): Related | Outcome {
  if (!question.table.settings.scheduleIcmp) return passed({ frame });
  const destination = schedule(question, { address: quoted.destination, port: quoted.destinationPort }, service);
  if (destination !== undefined) return { destination, service, method: destination.method };
  question.table.count('no_destination');
  return { verdict: 'drop', frame };
}

/** Sends the error to the server of the connection, or to its client. */
function sendOn(question: Question, message: Message, connection: Related, inbound: boolean): Outcome {
  const { frame, packet, quoted } = message;
  const wrong = invalid(question, message);
  if (wrong !== undefined) return wrong;
  const { destination, service, method } = connection;
  countPacket(destination, packet.length, !inbound);
  const towards = inbound ? destination.address : quoted.source;
  const peer = inbound ? quoted.source : packet.source;
  const hop = question.environment.hop(question.device, towards, peer);
  if (hop.kind === 'none' || hop.kind === 'unknown' || packet.ttl <= 1) return passed({ frame });
  const copy = translated(message, inbound, inbound ? (method === 'masq' ? destination : undefined) : service);
  if (hop.kind !== 'local') return sent(copy, hop);
  if (inbound) return { verdict: 'pass', frame: copy };
  handIn(copy);
  return { verdict: 'redirect', frame: copy };
}

/** An ICMP packet; `leaves`: one of the director's own, of which those about its own masqueraded servers are translated. */
export function related(question: Question, frame: Uint8Array, packet: Packet, leaves: boolean): Outcome {
  const { table, now } = question;
  const message = messageOf(frame, packet);
  if (message === undefined || packet.destination !== message.quoted.source) return passed({ frame });
  const { source, destination, sourcePort, destinationPort, protocol } = message.quoted;
  const service = leaves ? undefined : table.records.service(source, sourcePort, protocol);
  if (service !== undefined) {
    const found = table.connections.find(destination, destinationPort, service, now) ?? scheduled(question, message, service);
    if ('verdict' in found) return found;
    return found.destination.available ? sendOn(question, message, found, true) : passed({ frame });
  }
  const answering = table.records.answering(destination, destinationPort, protocol);
  const connection = table.connections.masqueradedTo(answering, source, sourcePort, now);
  if (connection === undefined) return passed({ frame });
  if (!leaves)
    return isServerSide(question, connection.destination, source) ? sendOn(question, message, connection, false) : passed({ frame });
  countPacket(connection.destination, packet.length, true);
  return { verdict: 'pass', frame: translated(message, false, connection.service) };
}
