// The path of fragments: the first one is decided as a whole packet is, and leaves a note; the later ones follow it, or are held back until it
// comes.
import { IPV6_FRAGMENT_BYTES } from '../../../wire/ipv6.js';
import { readSctpChecksum } from '../../../wire/sctp.js';
import type { Arrival } from './arrival.js';
import type { Connection } from './connection.js';
import { isServerSide, type Question } from './decide.js';
import { isForHost } from './environment.js';
import { ETHERNET_BYTES, handIn } from './ethernet.js';
import { rulesOf } from './family.js';
import { dropped, type Outcome, passed, sent, tunnelled } from './forward.js';
import type { FragmentNote } from './fragments.js';
import type { Ip } from './ip.js';
import { fromClient, type Packet, sourceOf, targetOf } from './packet.js';
import { replied } from './packet-path.js';
import { protocolRulesOf } from './protocol-rules.js';
import type { DestinationRecord, ServiceRecord } from './records.js';

type OnNote = Extract<FragmentNote, { readonly kind: 'request' | 'reply' }>;

/** Of a request's connection; with one-packet scheduling, of the destination that it got, also where a mark led it. */
function noteOfRequest({ table, scope, now }: Question, packet: Packet): FragmentNote | undefined {
  const service = scope.service(targetOf(packet), packet.protocol, { client: sourceOf(packet), now });
  const connection = service === undefined ? undefined : scope.connections.find(service, fromClient(packet), now);
  const destination = connection === undefined ? table.once : connection.destination;
  const method = connection?.method ?? destination?.method;
  if (destination === undefined || method === undefined) return undefined;
  if (method === 'masq') table.fragments.know(destination.address);
  return { kind: 'request', destination, method };
}

function noteOfReply(question: Question, packet: Packet): FragmentNote | undefined {
  if (!question.scope.answers(sourceOf(packet), packet.protocol)) return undefined;
  const connection = replied(question, packet);
  const destination = connection?.destination ?? question.table.begins;
  return destination && { kind: 'reply', destination, virtual: connection?.virtual.address ?? destination.service.address };
}

/** What a first fragment leaves for the later ones. By VS/TUN, and past the servers, it does so before anything looks at its size. */
export function noteOf(question: Question, packet: Packet, { verdict, tunnelled: decided, note }: Outcome, leaves: boolean): FragmentNote {
  if (note?.kind === 'pass') return note;
  if (verdict === 'drop' && !decided) return { kind: 'drop' };
  if (verdict === 'redirect' && note !== undefined) return note;
  if (leaves) return noteOfReply(question, packet) ?? { kind: 'pass' };
  const { allPorts } = question.scope;
  const request = allPorts ? undefined : noteOfRequest(question, packet);
  const reply = verdict === 'pass' ? undefined : noteOfReply(question, packet);
  const other = verdict === 'pass' ? 'pass' : 'drop'; // an error was sent
  return request ?? reply ?? (allPorts ? noteOfRequest(question, packet) : undefined) ?? { kind: other };
}

/** Of a packet the kernel's IPVS counts one, with the bytes of all: the first fragment is the packet. */
export const asFirst = (packet: Packet): Packet => ({
  ...packet,
  bytes: packet.length - (packet.family === 'inet6' ? IPV6_FRAGMENT_BYTES : 0),
});

/** A first fragment of a packet whose length is known, behind its IP header; undefined: it does not matter. */
export const withWhole = (arrival: Arrival, whole = 0): Arrival => {
  const { packet } = arrival;
  return packet.part === undefined || whole === 0 ? arrival : { ...arrival, packet: { ...packet, part: { ...packet.part, whole } } };
};

/**
 * Must the length of a packet of SCTP be known? If its port may change: the checksum depends on it. Of a request without a connection it may, if it may
 * begin one of a service that masquerades; of a reply without one, since FULLNAT may have it.
 */
export function asksWhole(question: Question, { packet, frame }: Arrival): boolean {
  const { scope, now, wire, accepted } = question;
  if (!wire || accepted === true) return false;
  if (readSctpChecksum(frame.subarray(ETHERNET_BYTES + packet.header)) === 0) return false;
  const service = scope.service(targetOf(packet), packet.protocol, { client: sourceOf(packet), now });
  const asked = service && scope.connections.find(service, fromClient(packet), now);
  if (asked !== undefined && getsPort(asked, packet)) return true;
  if (asked === undefined && service !== undefined && (mayGetPort(question, service, packet) || olderGetsPort(question, packet)))
    return true;
  if (!scope.answers(sourceOf(packet), packet.protocol)) return false;
  const answered = replied(question, packet);
  return answered === undefined || answered.virtual.port !== packet.sourcePort;
}

const mayGetPort = ({ table }: Question, { masquerades }: ServiceRecord, packet: Packet): boolean =>
  masquerades && protocolRulesOf(packet).mayBegin(table.settings, packet);

const getsPort = ({ method, destination, server }: Connection, { destinationPort }: Packet): boolean =>
  method === 'masq' && (destination.locals.length > 0 || server.port !== destinationPort);

/** Of a packet for an exact service without a connection of it: does a connection that is older than the service go on with it? */
function olderGetsPort({ table, scope, now }: Question, packet: Packet): boolean {
  const wide = table.scopesOf(packet.family, packet.protocol).find(({ allPorts }) => allPorts);
  if (wide === undefined || wide === scope || rulesOf(packet).isMartian(packet.source)) return false;
  const service = wide.service(targetOf(packet), packet.protocol, { client: sourceOf(packet), now });
  const known = service && wide.connections.find(service, fromClient(packet), now);
  return known !== undefined && getsPort(known, packet);
}

function countLater({ available, counts }: DestinationRecord, { length, header }: Packet, out: boolean): void {
  if (!available) return;
  if (out) counts.outBytes += length - header;
  else counts.inBytes += length - header;
}

/** A later fragment goes where the first one went. */
export function followed(question: Question, arrival: Arrival, note: OnNote, leaves: boolean): Outcome {
  const { destination } = note;
  const out = note.kind === 'reply';
  const packet: Packet = { ...arrival.packet, portless: true };
  if (!out && !destination.available) return dropped(question, arrival, 'dead_destination');
  if (out && !leaves && !isServerSide(question, destination.address, note.client ?? packet.destination)) return passed(arrival);
  countLater(destination, packet, out);
  if (!out && note.method === 'tunnel') return tunnelled(question, { ...arrival, packet }, destination, true);
  return translated(question, { ...arrival, packet }, note, leaves);
}

/** What becomes of its addresses, and of its ID. undefined: it stays. */
function endsOf(note: OnNote): { readonly source?: Ip; readonly target?: Ip; readonly id?: number } {
  if (note.kind === 'reply') return { source: note.virtual, ...(note.client !== undefined && { target: note.client }) };
  const { destination, method, local } = note;
  if (method !== 'masq') return {};
  return { target: destination.address, ...(local && { source: local.address, id: local.id }) };
}

function translated(question: Question, arrival: Arrival, note: OnNote, leaves: boolean): Outcome {
  const { packet } = arrival;
  const { destination } = note;
  const out = note.kind === 'reply';
  const masq = out || note.method === 'masq';
  const { environment } = question;
  const { source, target, id } = endsOf(note);
  const frame = arrival.frame.slice();
  const translate = (): void => {
    if (id !== undefined) rulesOf(packet).renumber(frame, packet, id);
    if (target !== undefined) rulesOf(packet).translate(frame, packet, false, { address: target, port: 0 });
    if (source !== undefined) rulesOf(packet).translate(frame, packet, true, { address: source, port: 0 });
  };
  if (out && leaves) {
    translate();
    return { verdict: 'pass', frame };
  }
  const isLocalised = id !== undefined;
  const hop = out
    ? environment.hop(question.device, target ?? packet.destination, note.virtual)
    : environment.hopToServer(destination.address);
  const isAstray = hop.kind === 'local' && (isLocalised || (!masq && !environment.isOwn(destination.address)));
  if (hop.kind === 'none' || hop.kind === 'unknown' || isAstray) return dropped(question, arrival, 'no_route');
  if (hop.kind !== 'local' && packet.ttl <= 1) return dropped(question, arrival, 'ttl');
  const large = hop.kind === 'ready' && packet.length > hop.mtu;
  if (large && (packet.dontFragment || !masq)) return dropped(question, arrival, 'too_big');
  translate();
  if (!large && hop.kind !== 'local') return sent(frame, packet, hop);
  if (!out && !isLocalised) return { verdict: 'pass', frame };
  handIn(frame);
  return { verdict: 'redirect', frame };
}

/** Does its length fit, and is there something behind the headers? */
export const fitsFrame = ({ length, header }: Packet, frame: Uint8Array): boolean =>
  length > header && length <= frame.length - ETHERNET_BYTES;

/**
 * May the first fragment be one of a service? Of a client's the address is the host's; of a server's it is known. What comes back from the packet
 * filter does not wait.
 */
export function mayWait({ table, environment, device, wire, accepted }: Question, { source, destination }: Packet): boolean {
  if (!wire || accepted) return false;
  return table.fragments.servers.has(source) || isForHost(environment.hop(device, destination, source));
}
