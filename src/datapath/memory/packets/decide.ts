// The decision for one packet: which service, connection and destination. Nothing here changes the packet.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { callIdOf } from './call-id.js';
import { type Connection, firstConnection, isEstablished, quotedConnection } from './connection.js';
import type { Endpoint } from './endpoint.js';
import { type Environment, isForHost } from './environment.js';
import type { Quoted } from './family-rules.js';
import { foldOf, type Ip, textOf } from './ip.js';
import { fromClient, type Packet, sourceOf } from './packet.js';
import type { PacketTable } from './packet-table.js';
import { protocolRulesOf } from './protocol-rules.js';
import type { Reason } from './reason.js';
import { bypassOf, candidatesOf, type DestinationRecord, isByCall, type ServiceRecord } from './records.js';
import type { Scope } from './scope.js';
import type { ConnectionState } from './state.js';
import type { Trace } from './trace.js';

/** What a decision is made of. `device`: by which the packet came; `wire`: not by lo. */
export interface Question {
  readonly table: PacketTable;
  readonly scope: Scope;
  readonly environment: Environment;
  /** Clock units. */
  readonly now: number;
  readonly device: string;
  readonly wire: boolean;
  /** It is at weir's own device, where a mark has led it. */
  readonly onPair?: true;
  /** It has come back by that device: the host's packet filter, and what the stack does before that, has let it pass. */
  readonly accepted?: true;
  /** The living service of its mark. As in IPVS it comes before the services of an address, but not before a connection that there is. */
  readonly marked?: ServiceRecord | undefined;
  /** Gets the reasons. */
  readonly trace: Trace | undefined;
}

/** `known`: the connection was there before this packet. `elsewhere`: no service of this scope takes it. */
export type Decision =
  | { readonly kind: 'forward'; readonly connection: Connection; readonly known: boolean }
  | { readonly kind: 'pass' | 'drop'; readonly reason?: Reason }
  | { readonly kind: 'refuse' | 'elsewhere' };

/** Of the reasons why a packet may not begin a connection; for the others it passes. */
const DROPPED: ReadonlySet<Reason> = new Set(['martian', 'drop_packet', 'no_call_id']);
const FTP_DATA_PORT = 20;
/** States of a connection whose client may begin another one from its port. */
const REUSED: ReadonlySet<ConnectionState> = new Set(['TIME_WAIT', 'CLOSE', 'CLOSED']);

/** Is it FTP's data, which as in IPVS the command connection controls? */
const isFtpData = ({ service: { port }, virtual }: Connection): boolean => port !== 0 && virtual.port !== port;

/** A SYN or an INIT on an old connection: is it a new one that reuses the client's port? */
function isReuse(table: PacketTable, packet: Packet, connection: Connection): boolean {
  const { settings } = table;
  const { state, noOutput, destination, service } = connection;
  if (!protocolRulesOf(packet).beginsAgain(packet)) return false;
  if (settings.expireNodestConn && destination.weight <= 0) return true;
  if (settings.connReuseMode === 0) return false;
  const ended = REUSED.has(state) || ((settings.connReuseMode & 2) !== 0 && state === 'FIN_WAIT' && noOutput);
  // A controlled one goes on: FTP's data, or one with a template, also if its service is persistent no longer.
  return ended && !isFtpData(connection) && !table.templatesOf(service).hasLed(connection);
}

/** Has this host the service's address? Where the kernel gives no answer, the service is served. */
function isLocal({ environment, device }: Question, { source, destination }: Packet): boolean {
  return isForHost(environment.hop(device, destination, source));
}

/** Must the host's packet filter see it first? FTP's data connections follow one that it has seen. */
const asksFirewall = ({ firewall, port }: ServiceRecord, { destinationPort }: Packet): boolean =>
  firewall && (port === 0 || port === destinationPort);

/** A data connection that follows none: its client has no template of the service, which the control connection makes. */
function lacksControl({ table, now }: Question, { source, destinationPort }: Packet, service: ServiceRecord): boolean {
  const { firewall, port } = service;
  if (!firewall || port === 0 || port === destinationPort) return false;
  return table.templatesOf(service).lead(service, { client: source, call: undefined }, now) === undefined;
}

const passes: Decision = { kind: 'pass', reason: 'no_connection' };

/**
 * What becomes of a packet for a service that belongs to no connection of any scope, and begins none: the stack answers it by an RST, but not in a grace
 * period after a takeover, when it is dropped, and not an RST itself. What a mark has led here is for its service, whatever its address.
 */
export function strayed(question: Question, packet: Packet): Decision {
  const { table, now } = question;
  const isHeld = now < table.settings.graceUntil && !protocolRulesOf(packet).isReset(packet);
  return isHeld && (question.onPair || isLocal(question, packet)) ? { kind: 'drop', reason: 'grace' } : passes;
}

/** Why a packet may not begin a connection. */
function obstacle(question: Question, packet: Packet, service: ServiceRecord): Reason | undefined {
  const { table, wire, accepted } = question;
  const { mark } = service;
  const outside = wire && accepted !== true;
  if (!protocolRulesOf(packet).mayBegin(table.settings, packet)) return 'no_connection';
  if (outside && mark === 0 && !isLocal(question, packet)) return 'not_local';
  if (outside && asksFirewall(service, packet)) return 'firewall';
  if (outside && !question.environment.isReversePath(question.device, packet.source, packet.destination)) return 'reverse_path';
  if (table.settings.defence.dropRate !== 0 && table.dropsNext()) return 'drop_packet';
  if (packet.sourcePort === FTP_DATA_PORT) return 'ftp_data';
  if (packet.protocol === IpProtocol.udp && isFromService(question, packet)) return 'martian';
  return outside && lacksControl(question, packet, service) ? 'firewall' : undefined;
}

/** A client on the director may have a port of an address with a service of all ports. */
function isFromService({ table: { records }, wire }: Question, { source, sourcePort, protocol }: Packet): boolean {
  if (records.exact(source, sourcePort, protocol) !== undefined) return true;
  return wire && records.allPorts(source, protocol) !== undefined;
}

/** In the kernel's IPVS other ports than the service's need persistence: of one of all ports, which serves port 0 without, and FTP's data. */
const servesPort = ({ port, persistence, mark }: ServiceRecord, { destinationPort }: Packet): boolean =>
  port === destinationPort || persistence !== undefined || mark !== 0;

/** A datagram whose answer, which comes back here, would go to the director itself. */
function isUnanswerable({ environment, device, wire }: Question, packet: Packet, service: ServiceRecord): boolean {
  if (packet.protocol !== IpProtocol.udp || !wire || !service.masquerades) return false;
  return environment.hop(device, packet.source, packet.destination).kind === 'local';
}

/** An ICMP error, and what it quotes. */
interface Quoting {
  readonly packet: Packet;
  readonly quoted: Quoted;
}

/** By the scheduler. */
function schedule({ table, now }: Question, client: Endpoint, service: ServiceRecord, target: Ip): DestinationRecord | undefined {
  const { settings } = table;
  const pick = service.schedule?.pick(candidatesOf(service.list), {
    clientFold: foldOf(client.address),
    clientPort: client.port,
    serviceFold: foldOf(target),
    address: textOf(target),
    now: (now * 4) / settings.hz,
    lblcrExpiration: settings.lblcrExpiration,
    deleted: candidatesOf(service.retired),
  });
  if (pick === undefined) return undefined;
  service.schedule = pick.next;
  return service.list.find(({ id }) => id === pick.id);
}

interface Choice {
  readonly destination: DestinationRecord;
  /** By the client's template. */
  readonly led: boolean;
}

/** A client without a connection. `call`: its packet's, where the service goes by it. */
interface Asking {
  readonly client: Endpoint;
  /** The address that it asks for. */
  readonly target: Ip;
  readonly call?: string | undefined;
}

/** Chooses the destination of a packet. undefined: there is none for it. */
function choose(question: Question, { client, target, call }: Asking, service: ServiceRecord): Choice | undefined {
  const { table, now, trace } = question;
  const templates = table.templatesOf(service);
  const template = trace && service.persistence && templates.find(service, { client: client.address, call });
  const led = templates.lead(service, { client: client.address, call }, now);
  if (template !== undefined) trace?.({ kind: 'template', template, leads: led !== undefined });
  if (led !== undefined) return { destination: led, led: true };
  const chosen = schedule(question, client, service, target);
  trace?.({ kind: 'scheduled', service, list: candidatesOf(service.list), chosen });
  return chosen && { destination: chosen, led: false };
}

/** Where no destination is left, what may be data of FTP goes on to the stack. */
const mayBeData = ({ destinationPort }: Packet, { port }: ServiceRecord): boolean => port !== 0 && port !== destinationPort;

/** cache_bypass: where no destination is left, what has a mark goes on to its own address; as in IPVS, not to an IPv4 address of this host. */
function bypass({ table, environment, device }: Question, packet: Packet, service: ServiceRecord): DestinationRecord | undefined {
  if (!table.settings.cacheBypass || service.mark === 0) return undefined;
  const isLocalTarget = packet.family === 'inet' && environment.hop(device, packet.destination, packet.source).kind === 'local';
  return isLocalTarget ? undefined : bypassOf(service, packet.destination);
}

/** Who begins a connection: `call`: the packet's; `quoted`: an ICMP error about an answer. */
interface Beginning {
  readonly call?: string | undefined;
  readonly quoted?: true;
}

/**
 * A new connection of the packet's. IPVS ends the one that it replaces by its timer, a moment after the new one has its server: until then that counts,
 * for schedulers and for thresholds.
 */
function begin(question: Question, packet: Packet, service: ServiceRecord, beginning: Beginning): Decision {
  const { connections } = question.scope;
  const before = connections.find(service, fromClient(packet), question.now);
  if (before !== undefined) connections.withdraw(before);
  const decision = beginIn(question, packet, service, beginning);
  if (before !== undefined) connections.uncount(before);
  return decision;
}

/** One-packet scheduling keeps nothing of a connection but the counters. */
function beginIn(question: Question, packet: Packet, service: ServiceRecord, { call, quoted }: Beginning): Decision {
  const { table, scope, now, trace } = question;
  const client = sourceOf(packet);
  const choice = choose(question, { client, target: packet.destination, call }, service);
  const destination = choice?.destination ?? bypass(question, packet, service);
  if (destination === undefined) return { kind: mayBeData(packet, service) ? 'pass' : 'refuse' };
  if (quoted === undefined && destination.method === 'masq' && isUnanswerable(question, packet, service))
    return { kind: 'drop', reason: 'martian' };
  const udp = packet.protocol === IpProtocol.udp;
  const first = quoted === undefined ? firstConnection : quotedConnection;
  const connection = first(table.settings, packet, destination, now);
  const kept = !(udp && service.onePacket);
  if (kept) {
    const place = scope.connections.placeFor(client, udp, now);
    if (place === undefined) return { kind: 'drop', reason: 'table_full' };
    scope.connections.insert(connection, place);
  }
  if (!kept) table.once = destination;
  trace?.({ kind: 'begun', connection, kept });
  destination.counts.conns++;
  if (choice === undefined) return { kind: 'forward', connection, known: false };
  const templates = table.templatesOf(service);
  if (!choice.led) templates.make(destination, { client: client.address, call }, now);
  if (kept && call !== undefined) templates.begin(connection, call);
  if (kept && isEstablished(connection)) templates.assure(connection, 'answered');
  return { kind: 'forward', connection, known: false };
}

/** A packet for a service, which may be one that was removed. undefined: it has no connection, or ends it: where it begins none, that is `endReused`. */
export function decideKnown({ table, scope, now, trace }: Question, packet: Packet, service: ServiceRecord): Decision | undefined {
  const connection = scope.connections.find(service, fromClient(packet), now);
  if (connection === undefined) return undefined;
  const reuse = isReuse(table, packet, connection);
  const { available } = connection.destination;
  trace?.({ kind: 'connection', connection, use: reuse ? 'replaced' : available ? 'goes on' : 'destination removed' });
  if (!reuse && available) return { kind: 'forward', connection, known: true };
  if (!reuse && !table.settings.expireNodestConn) return { kind: 'drop', reason: 'dead_destination' };
  if (!reuse || !protocolRulesOf(packet).mayBegin(table.settings, packet)) scope.connections.end(connection);
  return undefined;
}

/** Ends the connection of a packet that was to begin another one in its place, and begins none. */
export function endReused({ scope, now }: Question, packet: Packet, service: ServiceRecord): void {
  const connection = scope.connections.find(service, fromClient(packet), now);
  if (connection !== undefined) scope.connections.end(connection);
}

/** For these reasons that waits: the packet comes back from the packet filter, or IPVS does not see it. */
const REUSE_WAITS: ReadonlySet<Reason> = new Set(['firewall', 'reverse_path']);

/** A packet for a service, without a connection. */
export function decideNew(question: Question, packet: Packet, service: ServiceRecord): Decision {
  const { scope } = question;
  // What has no ports only goes on with a connection.
  const begins = !packet.portless && (question.marked === undefined || scope.allPorts);
  if (!service.live || !begins || !servesPort(service, packet)) {
    endReused(question, packet, service);
    return { kind: 'elsewhere' };
  }
  const reason = obstacle(question, packet, service);
  if (reason !== undefined && (packet.fragment || !REUSE_WAITS.has(reason))) endReused(question, packet, service);
  if (reason !== undefined) return { kind: DROPPED.has(reason) ? 'drop' : 'pass', reason };
  const call = isByCall(service) ? callIdOf(packet.data) : undefined;
  if (isByCall(service) && call === undefined) return { kind: 'drop', reason: 'no_call_id' };
  return begin(question, packet, service, { call });
}

/** schedule_icmp: the connection that an ICMP error is about, as if its client had sent something; or why there is none. */
export function beginQuoted(question: Question, { packet, quoted }: Quoting, service: ServiceRecord): Connection | Reason {
  const { table } = question;
  if (isByCall(service)) return 'no_destination'; // which call it is of, the quote does not show
  if (table.settings.defence.dropRate !== 0 && table.dropsNext()) return 'drop_packet';
  const { from: virtual, to: client, protocol } = quoted;
  const source = { source: client.address, sourcePort: client.port };
  const target = { destination: virtual.address, destinationPort: virtual.port };
  const decision = begin(question, { ...packet, ...source, ...target, protocol, fragment: false }, service, { quoted: true });
  if (decision.kind === 'forward') return decision.connection;
  return decision.kind === 'drop' ? (decision.reason ?? 'no_destination') : 'no_destination';
}

/** Does a server's reply come from the side where the server lives? By lo only the director's own stack sends. */
export function isServerSide({ table, environment, device, wire }: Question, server: Ip, client: Ip): boolean {
  if (!wire || environment.leadsBy(device, server, client)) return true;
  table.count('reply_side');
  return false;
}
