// ICMP errors about balanced connections: the quoted packet identifies the connection, and the error goes where that packet came from, both
// translated.
import { roomFor } from './client-address.js';
import type { Connection } from './connection.js';
import { beginQuoted, isServerSide, type Question } from './decide.js';
import type { Endpoint } from './endpoint.js';
import { handIn } from './ethernet.js';
import { rulesOf } from './family.js';
import type { Quoted } from './family-rules.js';
import { countPacket, isLocalised, type Outcome, passed, sent, tunnelled } from './forward.js';
import type { Packet } from './packet.js';
import type { ServiceRecord } from './records.js';

/** An ICMP error. */
export interface Message {
  readonly frame: Uint8Array;
  readonly packet: Packet;
  readonly quoted: Quoted;
}

/** undefined: an ICMP packet that is no error to the sender of what it quotes. */
export function messageOf(frame: Uint8Array, packet: Packet): Message | undefined {
  const quoted = rulesOf(packet).quoted(frame, packet);
  return quoted?.from.address === packet.destination ? { frame, packet, quoted } : undefined;
}

/** `to` undefined: as it is. */
function translated({ frame, packet }: Message, inbound: boolean, to: Endpoint | undefined): Uint8Array {
  const copy = frame.slice();
  if (to !== undefined) rulesOf(packet).translateError(copy, packet, inbound, to);
  return copy;
}

/** undefined: nothing is wrong with the message. */
export function invalid({ table }: Question, { frame, packet }: Message): Outcome | undefined {
  const flaw = rulesOf(packet).flaw(frame, packet);
  if (flaw?.reason !== undefined) table.count(flaw.reason);
  return flaw && { verdict: flaw.verdict, frame };
}

type Related = Pick<Connection, 'destination' | 'virtual' | 'server' | 'method'>;

/** FULLNAT: the other end of the error and of what it quotes: of an error to the server, what stands for the client there. */
function localised(question: Question, { quoted }: Message, connection: Related): Endpoint | undefined {
  const { destination, virtual } = connection;
  return question.table.localPorts.known({ client: quoted.to, virtual, protocol: quoted.protocol, destination }, question.now);
}

/** Sends the error to the server of the connection, or to its client. `other`: the end that changes, too. `room`: what the MTU is less that it names. */
function sendOn(question: Question, message: Message, connection: Related, inbound: boolean, other?: Endpoint, room = 0): Outcome {
  const { frame, packet, quoted } = message;
  const { destination, virtual, server, method } = connection;
  const { environment, device } = question;
  const client = other?.address ?? quoted.from.address;
  const hop = inbound ? environment.hopToServer(destination.address) : environment.hop(device, client, virtual.address);
  // The kernel forwards nothing from a link-local address; what goes to a server, IPVS sends itself.
  if (!inbound && hop.kind !== 'local' && rulesOf(packet).isLinkLocal(packet.source)) return passed({ frame });
  const wrong = invalid(question, message);
  if (wrong !== undefined) return wrong;
  // Of answers IPVS sees what the stack forwards.
  if (inbound || packet.ttl > 1) countPacket(destination, packet.length, !inbound);
  if (inbound && method === 'tunnel') return tunnelled(question, { frame, packet, gsoSize: 0 }, destination, true);
  const toLocal = inbound && isLocalised(question, connection);
  const instead = toLocal ? localised(question, message, connection) : other;
  if (toLocal && (instead === undefined || hop.kind === 'local')) return passed({ frame });
  if (hop.kind === 'none' || hop.kind === 'unknown' || packet.ttl <= 1) return passed({ frame });
  const copy = translated(message, inbound, inbound ? (method === 'masq' ? server : undefined) : virtual);
  if (instead !== undefined) rulesOf(packet).translateError(copy, packet, !inbound, instead);
  if (room > 0) rulesOf(packet).lowerMtu(copy, packet, room);
  if (hop.kind !== 'local') return sent(copy, packet, hop);
  if (inbound) return { verdict: 'pass', frame: copy };
  handIn(copy);
  return { verdict: 'redirect', frame: copy };
}

/** About a reply of a service: on to the connection's server, also if that was removed, as in IPVS. undefined: no connection of this scope. */
function aboutReply(question: Question, message: Message, service: ServiceRecord): Outcome | undefined {
  const { scope, now } = question;
  const { quoted } = message;
  const found = scope.connections.find(service, { client: quoted.to, virtual: quoted.from, protocol: quoted.protocol }, now);
  return found && toServer(question, message, found);
}

/** About an answer from past the servers, for whoever has the address: the stack forwards it, as where IPVS sees it, which drops a wrong one. */
function toServer(question: Question, message: Message, found: Related): Outcome {
  if (found.method === 'bypass') return invalid(question, message) ?? passed(message);
  return sendOn(question, message, found, true);
}

/** About a masqueraded request: back to the client. undefined: no connection of this scope. */
function aboutRequest(question: Question, message: Message, leaves: boolean): Outcome | undefined {
  const { frame, packet, quoted } = message;
  if (!question.scope.answers(quoted.to, quoted.protocol)) return undefined;
  const connection = question.scope.connections.masqueradedTo(quoted.to, quoted.protocol, quoted.from, question.now);
  if (connection === undefined) return undefined;
  if (!leaves)
    return isServerSide(question, connection.destination.address, quoted.from.address)
      ? sendOn(question, message, connection, false)
      : passed({ frame });
  countPacket(connection.destination, packet.length, true);
  return { verdict: 'pass', frame: translated(message, false, connection.virtual) };
}

/**
 * An ICMP error; `leaves`: one of the director's own, of which those about its own masqueraded servers are translated. undefined: it is about
 * no connection of this scope.
 */
export function related(question: Question, message: Message, leaves: boolean): Outcome | undefined {
  const { scope, wire, now } = question;
  const { from, to, protocol } = message.quoted;
  const service = leaves ? undefined : scope.service(from, protocol, { client: to, now });
  if (service !== undefined && !scope.allPorts) return aboutReply(question, message, service);
  const back = aboutRequest(question, message, leaves);
  // What came by lo was for a client on the director, which may have the address of a service of all ports.
  if (back !== undefined || service === undefined || !wire) return back;
  return aboutReply(question, message, service);
}

/** FULLNAT: about a request that a server got from a local address: back to the client. undefined: it is of no flow. */
export function aboutLocal(question: Question, message: Message): Outcome | undefined {
  const { from, to, protocol, portless } = message.quoted;
  const flow = portless === true ? undefined : question.table.localPorts.flowOf(to, from, protocol, question.now);
  if (flow === undefined) return undefined;
  const { destination, virtual, client, report } = flow;
  if (!isServerSide(question, destination.address, client.address)) return passed(message);
  return sendOn(question, message, { destination, virtual, server: to, method: 'masq' }, false, client, roomFor(message.packet, report));
}

/**
 * schedule_icmp, of an error about no connection of any scope: as in IPVS it begins one. undefined: it is about no service of this scope, or is not
 * scheduled.
 */
export function relatedScheduled(question: Question, message: Message): Outcome | undefined {
  const { table, scope, wire, now } = question;
  const { from, to, protocol, portless } = message.quoted;
  if (!table.settings.scheduleIcmp || portless === true || (scope.allPorts && !wire)) return undefined;
  const service = scope.service(from, protocol, { client: to, now });
  if (service === undefined) return undefined;
  // The packet filter would never see the connection.
  if (!service.live || service.firewall) return passed(message);
  const begun = beginQuoted(question, message, service);
  if (typeof begun !== 'string') return toServer(question, message, begun);
  table.count(begun);
  return { verdict: 'drop', frame: message.frame };
}
