// Calls of SIP that a masqueraded server begins itself (--pe sip): a datagram with a Call-ID that is no reply gets a connection and a template
// that lead to this server, and leaves with the service's address.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { callIdOf } from './call-id.js';
import { type Connection, firstConnection } from './connection.js';
import { type Decision, isServerSide, type Question } from './decide.js';
import { rulesOf } from './family.js';
import { type Packet, sourceOf, targetOf } from './packet.js';
import { type DestinationRecord, isByCall } from './records.js';

/** Does the packet leave the director? What is for the director itself may be the answer to a health check. */
function leavesHere(question: Question, packet: Packet, server: DestinationRecord): boolean {
  const { environment, device } = question;
  if (packet.ttl <= 1) return false;
  const { kind } = environment.hop(device, packet.destination, packet.source);
  return kind !== 'local' && kind !== 'none' && isServerSide(question, server.address, packet.destination);
}

/** The connection of a call, from the server's first datagram: its client is who gets it. */
function connectionOf({ table, now }: Question, packet: Packet, destination: DestinationRecord): Connection {
  const { address, port } = destination.service;
  const first = firstConnection(table.settings, packet, destination, now);
  return { ...first, client: targetOf(packet), virtual: { address, port }, server: sourceOf(packet) };
}

/** Makes the connection and its template. A call or a client's connection that leads to another server stays there, and nothing is made. */
function begin(question: Question, packet: Packet, destination: DestinationRecord, call: string): Decision {
  const { table, scope, now } = question;
  const { service } = destination;
  table.begins = destination;
  const templates = table.templatesOf(service);
  const connection = connectionOf(question, packet, destination);
  const { client, virtual, protocol } = connection;
  const led = templates.lead(service, { client: client.address, call }, now);
  const translated = { kind: 'forward', connection, known: false } as const;
  if (led !== undefined && led !== destination) return translated;
  if (!service.onePacket) {
    if (table.settings.defence.dropRate !== 0 && table.dropsNext()) return { kind: 'drop', reason: 'drop_packet' };
    if (scope.connections.find(service, { client, virtual, protocol }, now) !== undefined) return translated;
    const place = scope.connections.placeFor(client, true, now);
    if (place === undefined) return { kind: 'drop', reason: 'table_full' };
    scope.connections.insert(connection, place);
  }
  destination.counts.conns++;
  if (led === undefined) templates.make(destination, { client: client.address, call }, now);
  if (!service.onePacket) templates.begin(connection, call);
  return translated;
}

/** Decides about a masqueraded server's datagram without a connection. `leaves`: of a server on the director. undefined: it begins no call. */
export function decideBegun(question: Question, packet: Packet, leaves: boolean): Decision | undefined {
  const { table, scope, wire, marked } = question;
  if (!wire || scope.allPorts || marked !== undefined || packet.portless || packet.protocol !== IpProtocol.udp) return undefined;
  if ([packet.source, packet.destination].some(rulesOf(packet).isLinkLocal)) return undefined;
  const server = table.records.masqueradedAt(packet.source, packet.sourcePort, packet.protocol);
  if (server === undefined || !server.service.live || !isByCall(server.service)) return undefined;
  const call = callIdOf(packet.data);
  if (call === undefined || !(leaves || leavesHere(question, packet, server))) return undefined;
  return begin(question, packet, server, call);
}
