// What becomes of a packet after the decision: rewritten and sent to its next hop, handed to the stack, refused or dropped.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { IPV6_HEADER_BYTES } from '../../../wire/ipv6.js';
import type { Arrival } from './arrival.js';
import { answerReported, lacksHeader, reportClient } from './client-address.js';
import type { Connection } from './connection.js';
import type { Decision, Question } from './decide.js';
import { type HopAnswer, LOOPBACK } from './environment.js';
import { ETHERNET_BYTES, handIn, setMacs } from './ethernet.js';
import { rulesOf } from './family.js';
import type { IcmpKind } from './family-rules.js';
import { type FragmentNote, fragmentKey } from './fragments.js';
import { helped, isHelped, stateBefore } from './ftp.js';
import { anyOf, type Ip } from './ip.js';
import { type Packet, sourceOf } from './packet.js';
import { protocolRulesOf } from './protocol-rules.js';
import { reachesIpvs } from './reaches-ipvs.js';
import type { Reason } from './reason.js';
import type { DestinationRecord } from './records.js';
import type { Scope } from './scope.js';
import { isSumUnknown } from './translate-transport.js';
import { encapsulated, tunnelEnd, tunnelMtu } from './tunnel.js';

/** `redirect`: the frame leaves, or enters the stack by lo. `pass`: the stack goes on with it. */
export interface Outcome {
  readonly verdict: 'redirect' | 'pass' | 'drop';
  readonly frame: Uint8Array;
  /** That decided, where it is not the one that met the packet. */
  readonly scope?: Scope;
  /** A request by VS/TUN: whatever the tunnel does with it, the packet has been decided. */
  readonly tunnelled?: true;
  /** What a first fragment leaves for the later ones: by FULLNAT, if it was sent; past the servers they pass in any case. */
  readonly note?: FragmentNote;
}

const HOST: IcmpKind = { what: 'host', mtu: 0 };
const PORT: IcmpKind = { what: 'port', mtu: 0 };
const EXCEEDED: IcmpKind = { what: 'exceeded', mtu: 0 };
const tooBig = (mtu: number): IcmpKind => ({ what: 'too big', mtu });

export function countPacket({ available, counts }: DestinationRecord, bytes: number, out: boolean): void {
  if (!available) return;
  if (out) {
    counts.outPackets++;
    counts.outBytes += bytes;
  } else {
    counts.inPackets++;
    counts.inBytes += bytes;
  }
}

/** A packet of a connection: its state, its time, and the counters of its destination. */
export function noted({ table, now }: Question, connection: Connection, packet: Packet, out: boolean): void {
  table.touch(connection, packet, now, out);
  countPacket(connection.destination, packet.bytes, out);
}

/** The packet passes, unchanged. */
export const passed = ({ frame }: Pick<Arrival, 'frame'>): Outcome => ({ verdict: 'pass', frame });

export function dropped({ table }: Question, { frame }: Arrival, reason: Reason): Outcome {
  table.count(reason);
  return { verdict: 'drop', frame };
}

/** `from`: the sender of the error; the address that the packet was sent to where absent. */
function answered(question: Question, arrival: Arrival, kind: IcmpKind, from: Ip = arrival.packet.destination): Outcome {
  const { frame, packet } = arrival;
  const rules = rulesOf(packet);
  if (!rules.mayBeAnswered(frame, packet, from)) return { verdict: 'drop', frame };
  if (kind.mtu === 0 && !question.environment.icmpAllowed()) return dropped(question, arrival, 'icmp_limited');
  const error = rules.errorFrame(frame, packet, kind, from);
  const isForwarded = question.onPair === true || question.accepted === true;
  if (isForwarded) rules.changeHops(error, 1); // the stack takes one
  if (isForwarded || question.device === LOOPBACK) handIn(error);
  return { verdict: 'redirect', frame: error };
}

/** About a packet of a connection whose answers this director does not see: as in IPVS the error counts as a packet of its server. */
function answeredFor(question: Question, arrival: Arrival, destination: DestinationRecord, kind: IcmpKind): Outcome {
  const outcome = answered(question, arrival, kind);
  if (outcome.verdict === 'redirect') countPacket(destination, outcome.frame.length - ETHERNET_BYTES, true);
  return outcome;
}

/** Of IPv6: the option with a payload length that 16 bits cannot hold (BIG TCP), behind a length of 0. */
const JUMBO_BYTES = 8;

/** How long the IP header is in each segment of a packet that is not cut yet: the kernel takes that option out when it cuts the packet. */
function segmentHeader(frame: Uint8Array, { family, header }: Packet): number {
  if (family === 'inet' || header === IPV6_HEADER_BYTES) return header;
  const lengthAndNext = frame.subarray(ETHERNET_BYTES + 4, ETHERNET_BYTES + 7);
  return lengthAndNext.every((byte) => byte === 0) ? header - JUMBO_BYTES : header;
}

/** The next hop's MTU where the packet is larger, else 0. Of a packet that is not cut yet each segment counts; SCTP's fit the sender's path. */
const exceededMtu = (arrival: Arrival, hop: HopAnswer): number => (hop.kind === 'ready' && isLarger(arrival, hop.mtu) ? hop.mtu : 0);

function isLarger({ frame, packet, gsoSize }: Arrival, mtu: number): boolean {
  if (packet.length <= mtu) return false;
  if (gsoSize === 0) return true;
  if (packet.protocol === IpProtocol.sctp) return false;
  const words = packet.protocol === IpProtocol.tcp ? (frame[ETHERNET_BYTES + packet.header + 12] ?? 0) >> 4 : 2;
  return segmentHeader(frame, packet) + words * 4 + gsoSize > mtu;
}

/** Sends a frame on, whose link addresses the kernel fills in where the neighbour is not known. */
export function sent(frame: Uint8Array, packet: Packet, hop: HopAnswer): Outcome {
  rulesOf(packet).changeHops(frame, -1);
  if (hop.kind === 'ready') setMacs(frame, hop.to, hop.from);
  return { verdict: 'redirect', frame };
}

/** To a server behind a tunnel. `isError`: it is an ICMP error, about which none is sent. */
export function tunnelled(question: Question, arrival: Arrival, destination: DestinationRecord, isError = false): Outcome {
  const { table, environment } = question;
  const { packet } = arrival;
  const { address } = destination;
  const refused = (reason: Reason, kind: IcmpKind | undefined): Outcome => {
    table.count(reason);
    return isError || kind === undefined ? { verdict: 'drop', frame: arrival.frame } : answeredFor(question, arrival, destination, kind);
  };
  const hop = environment.hopToServer(address);
  if (hop.kind === 'local' && environment.isOwn(address)) return passed(arrival);
  const source = environment.tunnelSource(address);
  if ((hop.kind !== 'ready' && hop.kind !== 'resolve') || source === undefined) return refused('no_route', HOST);
  if (packet.ttl <= 1) return refused('ttl', EXCEEDED);
  const end = tunnelEnd(destination.tunnel, address, arrival.gsoSize);
  const mtu = tunnelMtu(end, packet.family, hop.kind === 'ready' ? hop.mtu : Number.MAX_SAFE_INTEGER);
  const checked = table.settings.pmtuDisc || packet.family === 'inet6';
  if (mtu === 0 || isLarger(arrival, mtu)) return refused('too_big', mtu > 0 && checked && packet.dontFragment ? tooBig(mtu) : undefined);
  const frame = encapsulated(sent(arrival.frame.slice(), packet, hop).frame, packet, end, source, table.settings.pmtuDisc);
  return { verdict: 'redirect', frame };
}

/**
 * FULLNAT: does the server see a local address in the client's place? One on the director itself sees its clients: its address was the host's at
 * the last command, and has not left it since.
 */
export function isLocalised({ environment }: Question, { destination, method }: Pick<Connection, 'destination' | 'method'>): boolean {
  const { address, locals } = destination;
  if (method !== 'masq' || locals.length === 0) return false;
  return !environment.isOwn(address) || environment.hopToServer(address).kind !== 'local';
}

/** FULLNAT: the ID of a packet in fragments, or that will be cut. A first fragment that comes twice keeps it. */
function idFor({ table, now }: Question, packet: Packet, destination: DestinationRecord, port: number): number {
  const { fragments } = table;
  const before = packet.part && fragments.noteBefore(fragmentKey(packet, packet.part.id), now);
  const known = before?.kind === 'request' && before.destination === destination ? before.local : undefined;
  return known?.port === port ? known.id : fragments.nextId(destination.address);
}

/** FULLNAT: to a server that sees a local address and port in the client's place. */
function localised(question: Question, arrival: Arrival, connection: Connection): Outcome {
  const { packet } = arrival;
  const { table, environment, now } = question;
  if (packet.portless) return dropped(question, arrival, 'short');
  const hop = environment.hopToServer(connection.destination.address);
  const refused = (reason: Reason, kind: IcmpKind): Outcome => {
    table.count(reason);
    return answered(question, arrival, kind);
  };
  if (hop.kind !== 'ready' && hop.kind !== 'resolve') return refused('no_route', HOST);
  if (packet.ttl <= 1) return refused('ttl', EXCEEDED);
  const exceeded = exceededMtu(arrival, hop);
  if (exceeded > 0 && packet.dontFragment) return refused('too_big', tooBig(exceeded));
  const local = table.localPorts.take(connection, now, () => table.count('local_port_replaced'));
  if (local === undefined) return dropped(question, arrival, 'no_local_port');
  const mtu = hop.kind === 'ready' ? hop.mtu : 0;
  const { destination, server, method } = connection;
  if (packet.fragment && lacksHeader(packet, local.report, destination.clientAddress)) return dropped(question, arrival, 'fragment');
  const reported = reportClient(arrival, local.report, destination.clientAddress, mtu, (reason) => table.count(reason));
  if (reported === undefined) return dropped(question, arrival, 'redirect_failed');
  const frame = reported.frame.slice();
  const id = packet.fragment || exceeded > 0 ? idFor(question, packet, destination, local.port) : undefined;
  if (isSumUnknown(frame, packet, false, server) || isSumUnknown(frame, packet, true, local))
    return dropped(question, arrival, 'redirect_failed');
  if (id !== undefined) rulesOf(packet).renumber(frame, packet, id);
  rulesOf(packet).translate(frame, reported.packet, false, server);
  rulesOf(packet).translate(frame, reported.packet, true, local);
  if (exceeded > 0) handIn(frame); // the stack fragments it: by lo, where its own address may be the source
  const going: Outcome = exceeded > 0 ? { verdict: 'redirect', frame } : sent(frame, reported.packet, hop);
  return id === undefined
    ? going
    : { ...going, note: { kind: 'request', destination, method, local: { address: local.address, port: local.port, id } } };
}

/** To the packet's own address. What has come to this host is dropped; what is too large is fragmented by the stack, where it may be. */
function sentPast(question: Question, arrival: Arrival): Outcome {
  const { packet, frame } = arrival;
  const hop = question.environment.hop(question.device, packet.destination, anyOf(packet.destination));
  if (hop.kind === 'local') return dropped(question, arrival, 'no_route');
  const refused = (reason: Reason, kind: IcmpKind): Outcome => {
    question.table.count(reason);
    return answered(question, arrival, kind);
  };
  if (hop.kind === 'none' || hop.kind === 'unknown') return refused('no_route', HOST);
  if (packet.ttl <= 1) return refused('ttl', EXCEEDED);
  const exceeded = exceededMtu(arrival, hop);
  if (exceeded === 0) return sent(frame.slice(), packet, hop);
  return packet.dontFragment ? refused('too_big', tooBig(exceeded)) : passed(arrival);
}

function forwarded(question: Question, arrival: Arrival, connection: Connection): Outcome {
  const { packet } = arrival;
  const { destination, server, method } = connection;
  if (method === 'tunnel') return { ...tunnelled(question, arrival, destination), tunnelled: true };
  if (isLocalised(question, connection)) return { note: { kind: 'drop' }, ...localised(question, arrival, connection) };
  if (method === 'bypass') return { ...sentPast(question, arrival), note: { kind: 'pass' } };
  const masq = method === 'masq';
  const hop = question.environment.hopToServer(destination.address);
  // Without masquerading the packet is for the service's address, which this host has, too.
  const isAstray = hop.kind === 'local' && !masq && !question.environment.isOwn(destination.address);
  const refused = (reason: Reason, kind: IcmpKind): Outcome => {
    question.table.count(reason);
    return masq ? answered(question, arrival, kind) : answeredFor(question, arrival, destination, kind);
  };
  if (hop.kind === 'none' || hop.kind === 'unknown' || isAstray) return refused('no_route', HOST);
  if (hop.kind !== 'local' && packet.ttl <= 1) return refused('ttl', EXCEEDED);
  const exceeded = exceededMtu(arrival, hop);
  if (exceeded > 0 && packet.dontFragment) return refused('too_big', tooBig(exceeded));
  if (exceeded > 0 && !masq) return dropped(question, arrival, 'too_big');
  const frame = arrival.frame.slice();
  if (masq && isSumUnknown(frame, packet, false, server)) return dropped(question, arrival, 'redirect_failed');
  if (masq) rulesOf(packet).translate(frame, packet, false, server);
  return hop.kind === 'local' || exceeded > 0 ? { verdict: 'pass', frame } : sent(frame, packet, hop);
}

/** undefined: no service of this scope takes it. */
export function request(question: Question, arrival: Arrival, decision: Decision): Outcome | undefined {
  const { table } = question;
  switch (decision.kind) {
    case 'drop':
    case 'pass':
      if (decision.reason !== undefined) table.count(decision.reason);
      return { verdict: decision.kind, frame: arrival.frame };
    case 'elsewhere':
      return undefined;
    case 'refuse':
      table.count('no_destination');
      return answered(question, arrival, PORT);
    case 'forward':
      return requested(question, arrival, decision);
  }
}

function requested(question: Question, arrival: Arrival, { connection, known }: Decision & { readonly kind: 'forward' }): Outcome {
  const before = known ? stateBefore(connection) : { established: false, proven: false };
  const met = { out: false, begins: !known, ...before, localised: isLocalised(question, connection) };
  if (known) noted(question, connection, arrival.packet, false);
  else countPacket(connection.destination, arrival.packet.bytes, false);
  if (!isHelped(connection, arrival.packet)) return forwarded(question, arrival, connection);
  const changed = helped(question, arrival, connection, met);
  return typeof changed === 'string' ? dropped(question, arrival, changed) : forwarded(question, changed, connection);
}

/** From whom servers get errors: IPv4's from an address of the interface (0: the stack sends them), IPv6's as the kernel's own. */
const errorSource = ({ environment, device }: Question, { family, source }: Packet, virtual: Ip): Ip =>
  family === 'inet' ? environment.addressOf(device) : (environment.sourceTowards(source) ?? virtual);

/** With DF its server gets the error; else the director's own stack fragments it. */
function largeReply(question: Question, arrival: Arrival, { virtual }: Connection, mtu: number): Outcome {
  if (arrival.packet.dontFragment) {
    question.table.count('too_big');
    const from = errorSource(question, arrival.packet, virtual.address);
    const came = arrival.local ?? arrival;
    return from === 0 ? passed(came) : answered(question, came, tooBig(mtu), from);
  }
  const frame = arrival.frame.slice();
  rulesOf(arrival.packet).translate(frame, arrival.packet, true, virtual);
  handIn(frame);
  return { verdict: 'redirect', frame };
}

/** A packet of a helped connection's server: its state and time, its flow's by FULLNAT, and what the helper makes of it. */
function answeredByHelp(question: Question, arrival: Arrival, connection: Connection): Arrival | Reason {
  const before = stateBefore(connection);
  question.table.touch(connection, arrival.packet, question.now, true);
  const kept = answeredByFlow(question, arrival, connection);
  return helped(question, kept, connection, { out: true, begins: false, ...before, localised: arrival.local !== undefined });
}

/** A masqueraded server's packet to its client. */
export function reply(question: Question, arrival: Arrival, connection: Connection): Outcome {
  question.trace?.({ kind: 'reply', connection });
  return replied(question, arrival, connection, isHelped(connection, arrival.packet) ? 'is read' : 'plain');
}

/** A packet that goes on, as the helper for FTP has it. */
function helpedReply(question: Question, arrival: Arrival, connection: Connection): Outcome {
  const changed = answeredByHelp(question, arrival, connection);
  return typeof changed === 'string' ? dropped(question, arrival, changed) : replied(question, changed, connection, 'was read');
}

/** FULLNAT: its flow lives as long as the connection, and knows how the client is reported. */
function answeredByFlow({ table, now }: Question, arrival: Arrival, connection: Connection): Arrival {
  const { destination } = connection;
  // A flow may be older than the connection, of a destination that has become one by NAT since.
  const isOfFlow = arrival.local !== undefined && destination.locals.length > 0;
  const local = isOfFlow ? table.localPorts.take(connection, now, () => table.count('local_port_replaced')) : undefined;
  if (local === undefined) return arrival;
  return answerReported(arrival, local.report, destination.clientAddress);
}

/** `help`: what the helper for FTP has to do with it. */
function replied(question: Question, arrival: Arrival, connection: Connection, help: 'is read' | 'was read' | 'plain'): Outcome {
  const { packet } = arrival;
  const { table, environment, device } = question;
  const { virtual } = connection;
  const hop = environment.hop(device, packet.destination, virtual.address);
  if (hop.kind === 'none' || hop.kind === 'unknown') return dropped(question, arrival, 'no_route');
  if (hop.kind !== 'local' && packet.ttl <= 1) {
    table.count('ttl');
    return passed(arrival.local ?? arrival);
  }
  const exceeded = exceededMtu(arrival, hop);
  let going = arrival;
  if (exceeded === 0 || !packet.dontFragment) {
    if (help === 'is read') return helpedReply(question, arrival, connection);
    if (help === 'was read') countPacket(connection.destination, packet.bytes, true);
    else {
      noted(question, connection, packet, true);
      going = answeredByFlow(question, arrival, connection);
    }
  }
  if (isSumUnknown(arrival.frame, packet, true, virtual) && !(exceeded > 0 && packet.dontFragment))
    return dropped(question, arrival, 'redirect_failed');
  if (exceeded > 0) return largeReply(question, going, connection, exceeded);
  const frame = going.frame.slice();
  rulesOf(packet).translate(frame, packet, true, virtual);
  if (hop.kind !== 'local') return sent(frame, packet, hop);
  handIn(frame);
  return { verdict: 'redirect', frame };
}

/**
 * In a grace period after a takeover, what may be a masqueraded server's reply, belongs to no connection and leaves the director is dropped: its client
 * would end its connection. So is a segment for an address that stands for clients (FULLNAT), which the stack would answer by an RST. What begins a
 * connection is left as it is, and so is an RST. undefined: so is all else.
 */
export function heldReply(question: Question, arrival: Arrival): Outcome | undefined {
  const { packet } = arrival;
  const { table, environment, device, now } = question;
  if (now >= table.settings.graceUntil || packet.portless || packet.protocol === IpProtocol.udp) return undefined;
  const rules = protocolRulesOf(packet);
  if (rules.beginsAgain(packet) || rules.isReset(packet) || !table.records.mayBeReply(sourceOf(packet), packet.protocol)) return undefined;
  const { kind } = environment.hop(device, packet.destination, packet.source);
  const isForClient =
    kind === 'local' &&
    packet.protocol === IpProtocol.tcp &&
    table.records.standsForClients(packet.destination, sourceOf(packet), packet.protocol);
  return isForClient || kind === 'ready' || kind === 'resolve' ? dropped(question, arrival, 'grace') : undefined;
}

/** nat_icmp_send: a masqueraded server's packet that belongs to no connection. undefined: it is left as it is. */
export function unknownReply(question: Question, arrival: Arrival): Outcome | undefined {
  const { packet } = arrival;
  if (!question.table.settings.natIcmpSend || packet.portless || protocolRulesOf(packet).isReset(packet)) return undefined;
  const server = question.table.records.masqueradedAt(packet.source, packet.sourcePort, packet.protocol);
  const own = server === undefined ? 0 : errorSource(question, packet, server.service.address);
  if (own === 0 || !reachesIpvs(question, packet)) return undefined;
  const { kind } = question.environment.hop(question.device, packet.destination, packet.source);
  if (kind === 'none') return undefined;
  const frame = arrival.frame.slice();
  if (kind === 'ready' || kind === 'resolve') rulesOf(packet).changeHops(frame, -1); // the stack has forwarded what IPVS sees
  question.table.count('nat_icmp_send');
  return answered(question, { ...arrival, frame }, PORT, own);
}

/** A masqueraded server's packet that leaves the director itself: only its source changes. */
export function localReply(question: Question, came: Arrival, connection: Connection): Outcome {
  question.trace?.({ kind: 'reply', connection });
  const isRead = isHelped(connection, came.packet);
  const arrival = isRead ? answeredByHelp(question, came, connection) : came;
  if (typeof arrival === 'string') return dropped(question, came, arrival);
  const frame = arrival.frame.slice();
  if (isRead) countPacket(connection.destination, arrival.packet.bytes, true);
  else noted(question, connection, arrival.packet, true);
  if (isSumUnknown(frame, arrival.packet, true, connection.virtual)) return dropped(question, arrival, 'redirect_failed');
  rulesOf(arrival.packet).translate(frame, arrival.packet, true, connection.virtual);
  return { verdict: 'pass', frame };
}
