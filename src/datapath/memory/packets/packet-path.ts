// The path of a packet of TCP, UDP or SCTP through one scope: for a service, from a masqueraded server, or from another server. undefined: it concerns
// none of them.

import type { Arrival } from './arrival.js';
import { decideBegun } from './call-begun.js';
import type { Connection } from './connection.js';
import { decideKnown, decideNew, endReused, isServerSide, type Question, strayed } from './decide.js';
import { rulesOf } from './family.js';
import { dropped, localReply, noted, type Outcome, passed, reply, request } from './forward.js';
import type { FragmentNote } from './fragments.js';
import { claimExpected } from './ftp.js';
import { isWideConnection } from './local-ports.js';
import { fromClient, type Packet, sourceOf, targetOf } from './packet.js';
import { reachesIpvs } from './reaches-ipvs.js';
import type { ServiceRecord } from './records.js';
import { isSumUnknown } from './translate-transport.js';

/** The service that a packet is for, and that it comes from. */
function targeted(question: Question, packet: Packet): ServiceRecord | undefined {
  const { scope, now } = question;
  claimExpected(question, packet);
  return scope.service(targetOf(packet), packet.protocol, { client: sourceOf(packet), now });
}
const sourced = ({ scope, now }: Question, packet: Packet): ServiceRecord | undefined =>
  scope.service(sourceOf(packet), packet.protocol, { client: targetOf(packet), now });

/**
 * The service that a packet is for: of its connection, else of its mark, else of its address. From outside a packet with a mark passes, and the mark
 * leads it to weir's own device.
 */
function asked(question: Question, packet: Packet): ServiceRecord | undefined {
  const { scope, now, wire, marked: ofMark } = question;
  const service = targeted(question, packet);
  if (ofMark === undefined || !scope.allPorts) return service;
  if (service !== undefined && scope.connections.find(service, fromClient(packet), now) !== undefined) return service;
  return wire ? undefined : ofMark;
}

/** A packet that comes in. */
export function incoming(question: Question, arrival: Arrival): Outcome | undefined {
  const { scope, wire } = question;
  const { packet } = arrival;
  const service = asked(question, packet);
  if (service !== undefined && !scope.allPorts) return toService(question, arrival, service);
  const answer = toClient(question, arrival);
  if (answer !== undefined) return answer;
  // A client on the director may have the address of a service of all ports, so what a server answers it is for that service, too.
  if (service !== undefined)
    return !wire && ofSource(question, packet) !== undefined ? passed(arrival) : toService(question, arrival, service);
  if (sourced(question, packet) === undefined) return undefined;
  // What came by lo left by it.
  return wire ? seen(question, arrival, false) : passed(arrival);
}

/** A packet that the director itself sends. */
export function leaving(question: Question, arrival: Arrival): Outcome | undefined {
  const { scope } = question;
  const { packet } = arrival;
  if (scope.answers(sourceOf(packet), packet.protocol)) {
    const connection = replied(question, packet);
    return connection === undefined ? begun(question, arrival, localReply, true) : localReply(question, arrival, connection);
  }
  return sourced(question, packet) && seen(question, arrival, true);
}

/** A packet with a mark, at weir's own device; its connection decides, where there is one. undefined: no service takes it. */
export function marked(question: Question, arrival: Arrival): Outcome | undefined {
  const { scope, now, marked: ofMark } = question;
  const service = scope.connections.serviceOf(fromClient(arrival.packet), now) ?? ofMark;
  return service && toService(question, arrival, service);
}

function toService(question: Question, arrival: Arrival, service: ServiceRecord): Outcome | undefined {
  const { packet } = arrival;
  question.trace?.({ kind: 'service', service });
  const forged = question.wire && (packet.source === packet.destination || rulesOf(packet).isMartian(packet.source));
  if (forged) return request(question, arrival, { kind: 'drop', reason: 'martian' });
  const known = decideKnown(question, packet, service);
  const older = known === undefined ? olderThanService(question, arrival) : undefined;
  if (older !== undefined) return older;
  const decision = known ?? decideNew(question, packet, service);
  const isStray = decision.kind === 'pass' && decision.reason === 'no_connection';
  return request(question, arrival, isStray ? strayed(question, packet) : decision);
}

/**
 * A packet for an exact service without a connection of it: as in IPVS it goes on with one of all ports that is older than the service, or with one of
 * a mark. undefined: there is none, or it has ended by this packet.
 */
function olderThanService(question: Question, arrival: Arrival): Outcome | undefined {
  const { packet } = arrival;
  const wide = question.table.scopesOf(packet.family, packet.protocol).find(({ allPorts }) => allPorts);
  if (wide === undefined || wide === question.scope) return undefined;
  const asked = { ...question, scope: wide };
  const service = targeted(asked, packet);
  if (service === undefined || wide.connections.find(service, fromClient(packet), question.now) === undefined) return undefined;
  question.trace?.({ kind: 'service', service });
  const known = decideKnown(asked, packet, service);
  if (known === undefined) endReused(asked, packet, service);
  const outcome = known && request(asked, arrival, known);
  return outcome && { ...outcome, scope: wide };
}

/** A packet of a masqueraded server. undefined: it is none, or of no connection of this scope. */
function toClient(question: Question, arrival: Arrival): Outcome | undefined {
  const { packet } = arrival;
  const { scope } = question;
  if (!scope.answers(sourceOf(packet), packet.protocol)) return undefined;
  const connection = replied(question, packet);
  if (connection === undefined) return toLocal(question, arrival) ?? begun(question, arrival, reply, false);
  // A client on the director may have a local address and its port, too.
  const isFlowFirst = question.table.records.seesLocals(sourceOf(packet), packet.protocol, scope.allPorts);
  const local = isFlowFirst ? toLocal(question, arrival) : undefined;
  if (local !== undefined) return local;
  return isServerSide(question, connection.destination.address, packet.destination)
    ? reply(question, arrival, connection)
    : passed(arrival);
}

/** FULLNAT: a server's packet to a local address goes on as one to the client behind it. undefined: it is of no flow, or of one of the next scope. */
function toLocal(question: Question, arrival: Arrival): Outcome | undefined {
  const { packet, frame } = arrival;
  const { table, scope, now } = question;
  if (packet.portless) return undefined;
  const flow = table.localPorts.flowOf(sourceOf(packet), targetOf(packet), packet.protocol, now);
  if (flow === undefined || isWideConnection(flow) !== scope.allPorts) return undefined;
  const { client, virtual, destination } = flow;
  if (isSumUnknown(frame, packet, false, client)) return dropped(question, arrival, 'redirect_failed');
  const translated = frame.slice();
  rulesOf(packet).translate(translated, packet, false, client);
  const local = { ...arrival, frame: translated.slice() }; // a datagram that came without a checksum has one from here on
  const meant: Packet = { ...packet, destination: client.address, destinationPort: client.port };
  rulesOf(packet).translate(local.frame, meant, false, targetOf(packet));
  const connection = scope.connections.find(destination.service, { client, virtual, protocol: packet.protocol }, now);
  if (connection === undefined || connection.destination !== destination || connection.method !== 'masq') return passed(local); // it has ended
  if (!isServerSide(question, connection.destination.address, client.address)) return passed(local);
  const isElsewhere = client.address !== packet.destination; // the director may be the client, with the local address
  const note: FragmentNote = {
    kind: 'reply',
    destination,
    virtual: connection.virtual.address,
    ...(isElsewhere && { client: client.address }),
  };
  return { ...reply(question, { ...arrival, frame: translated, packet: meant, local }, connection), note };
}

/** A call that a masqueraded server begins goes the way of its replies. undefined: it begins none. */
function begun(question: Question, arrival: Arrival, go: typeof reply, leaves: boolean): Outcome | undefined {
  const decision = decideBegun(question, arrival.packet, leaves);
  return decision?.kind === 'forward' ? go(question, arrival, decision.connection) : decision && request(question, arrival, decision);
}

/** The connection whose masqueraded server sends the packet. */
export const replied = ({ scope, now }: Question, packet: Packet): Connection | undefined =>
  scope.connections.masqueradedTo(sourceOf(packet), packet.protocol, targetOf(packet), now);

/** The connection of the service that the packet comes from, with the client that it is for. */
function ofSource(question: Question, packet: Packet): Connection | undefined {
  const { scope, now } = question;
  const service = sourced(question, packet);
  return (
    service && scope.connections.find(service, { client: targetOf(packet), virtual: sourceOf(packet), protocol: packet.protocol }, now)
  );
}

/**
 * From a service's own address: the answer of a server that is not masqueraded is counted and passes. `leaves`: it is of a server on the
 * director; any other counts from its server's side alone. undefined: no connection of this scope.
 */
function seen(question: Question, arrival: Arrival, leaves: boolean): Outcome | undefined {
  const { packet } = arrival;
  const connection = ofSource(question, packet);
  if (connection === undefined || connection.method === 'masq') return undefined;
  const isPast = connection.method === 'bypass';
  const from = isPast ? packet.source : connection.destination.address;
  if (leaves || (isServerSide(question, from, packet.destination) && (isPast || reachesIpvs(question, packet))))
    noted(question, connection, packet, true);
  return passed(arrival);
}
