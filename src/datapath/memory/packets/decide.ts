// The decision for one packet: which service, connection and destination. Nothing here changes the packet.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { TCP_FLAGS } from '../../tcp-state.js';
import { type Connection, firstConnection } from './connection.js';
import type { Environment } from './environment.js';
import type { PacketTable } from './packet-table.js';
import type { Packet } from './parse.js';
import type { Reason } from './reason.js';
import { candidatesOf, type DestinationRecord, type ServiceRecord } from './records.js';
import type { Endpoint } from './rewrite.js';

/** What a decision is made of. `device`: by which the packet came; `wire`: not by lo. */
export interface Question {
  readonly table: PacketTable;
  readonly environment: Environment;
  /** Clock units. */
  readonly now: number;
  readonly device: string;
  readonly wire: boolean;
}

/** `known`: the connection was there before this packet. */
export type Decision =
  | { readonly kind: 'forward'; readonly connection: Connection; readonly known: boolean }
  | { readonly kind: 'pass' | 'drop'; readonly reason?: Reason }
  | { readonly kind: 'refuse' };

const FTP_DATA_PORT = 20;

const isSyn = ({ protocol, flags }: Packet): boolean => protocol === IpProtocol.tcp && (flags & TCP_FLAGS.syn) !== 0;

/** A SYN on an old connection: is it a new one that reuses the client's port? */
function isReuse({ settings }: PacketTable, packet: Packet, { state, noOutput, destination }: Connection): boolean {
  if (!isSyn(packet)) return false;
  if (settings.expireNodestConn && destination.weight <= 0) return true;
  if (settings.connReuseMode === 0) return false;
  if (state === 'TIME_WAIT' || state === 'CLOSE') return true;
  return (settings.connReuseMode & 2) !== 0 && state === 'FIN_WAIT' && noOutput;
}

/** Has this host the service's address? Where the kernel gives no answer, the service is served. */
function isLocal({ environment, device }: Question, { source, destination }: Packet): boolean {
  const { kind } = environment.hop(device, destination, source);
  return kind === 'local' || kind === 'unknown';
}

/** Why a packet may not begin a connection. */
function obstacle(question: Question, packet: Packet): Reason | undefined {
  const { table, wire } = question;
  if (packet.protocol === IpProtocol.tcp) {
    if ((packet.flags & TCP_FLAGS.rst) !== 0) return 'no_connection';
    if ((packet.flags & TCP_FLAGS.syn) === 0 && !table.settings.sloppy) return 'no_connection';
  }
  if (wire && !isLocal(question, packet)) return 'not_local';
  if (wire && !question.environment.isReversePath(question.device, packet.source, packet.destination)) return 'reverse_path';
  if (packet.sourcePort === FTP_DATA_PORT) return 'ftp_data';
  const fromService = packet.protocol === IpProtocol.udp && table.records.service(packet.source, packet.sourcePort, IpProtocol.udp);
  return fromService ? 'martian' : undefined;
}

/** A datagram whose answer, which comes back here, would go to the director itself. */
function isUnanswerable({ environment, device, wire }: Question, packet: Packet, service: ServiceRecord): boolean {
  if (packet.protocol !== IpProtocol.udp || !wire || !service.masquerades) return false;
  return environment.hop(device, packet.source, packet.destination).kind === 'local';
}

const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

/** The destination of a new connection of a client to the service's address. */
export function schedule({ table, now }: Question, client: Endpoint, service: ServiceRecord): DestinationRecord | undefined {
  const { settings } = table;
  const pick = service.schedule?.pick(candidatesOf(service.list), {
    clientFold: client.address,
    clientPort: client.port,
    serviceFold: service.address,
    address: dotted(service.address),
    now: (now * 4) / settings.hz,
    lblcrExpiration: settings.lblcrExpiration,
    deleted: candidatesOf(service.retired),
  });
  if (pick === undefined) return undefined;
  service.schedule = pick.next;
  return service.list.find(({ id }) => id === pick.id);
}

/** A new connection of the packet's; one-packet scheduling keeps nothing of it but the counters. */
function begin(question: Question, packet: Packet, service: ServiceRecord): Decision {
  const { table, now } = question;
  const destination = schedule(question, { address: packet.source, port: packet.sourcePort }, service);
  if (destination === undefined) return { kind: 'refuse' };
  if (destination.method === 'masq' && isUnanswerable(question, packet, service)) return { kind: 'drop', reason: 'martian' };
  const udp = packet.protocol === IpProtocol.udp;
  const connection = firstConnection(table.settings, packet, destination, now);
  if (!(udp && service.onePacket)) {
    const place = table.connections.placeFor(packet.source, packet.sourcePort, udp, now);
    if (place === undefined) return { kind: 'drop', reason: 'table_full' };
    table.connections.insert(connection, place);
  }
  destination.counts.conns++;
  return { kind: 'forward', connection, known: false };
}

/** A packet for a service, which may be one that was removed. */
export function decideRequest(question: Question, packet: Packet, service: ServiceRecord): Decision {
  const { table, now } = question;
  const connection = table.connections.find(packet.source, packet.sourcePort, service, now);
  if (connection !== undefined) {
    const reuse = isReuse(table, packet, connection);
    if (!reuse && connection.destination.available) return { kind: 'forward', connection, known: true };
    if (!reuse && !table.settings.expireNodestConn) return { kind: 'drop', reason: 'dead_destination' };
    table.connections.end(connection);
  }
  if (!service.live) return { kind: 'pass' };
  const reason = obstacle(question, packet);
  if (reason !== undefined) return { kind: reason === 'martian' ? 'drop' : 'pass', reason };
  return begin(question, packet, service);
}

/** Does a masqueraded server's packet come from the side where the server lives? By lo only the director's own stack sends. */
export function isServerSide({ table, environment, device, wire }: Question, server: DestinationRecord, client: number): boolean {
  if (!wire || environment.leadsBy(device, server.address, client)) return true;
  table.count('reply_side');
  return false;
}
