// The helper for FTP, as the datapath's (bpf/director/ftp.h) and the kernel's ip_vs_ftp: lines of a masqueraded control connection that name a data
// connection are read, this is made in the table of all ports, and a server's address becomes the virtual one. Where that changes a reply's length,
// the numbers of the bytes behind it are shifted.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { bytesOfText, viewOf } from '../../../wire/bytes.js';
import type { Arrival } from './arrival.js';
import type { Connection } from './connection.js';
import type { Question } from './decide.js';
import type { Endpoint } from './endpoint.js';
import { ETHERNET_BYTES } from './ethernet.js';
import { type FtpStream, unknownStream } from './ftp-stream.js';
import { endpointIn, type FoundLine, FTP_TEXT_BYTES, type FtpEndpoint, type FtpLine, findLine } from './ftp-text.js';
import { addressOf, familyOf, textOf } from './ip.js';
import { type Packet, sourceOf, targetOf } from './packet.js';
import { parseFrame } from './parse.js';
import type { Reason } from './reason.js';
import {
  ACK_AT,
  changeSum,
  isBehind,
  lengthened,
  type Numbers,
  numberBack,
  numberForth,
  SEQ_AT,
  shiftSack,
  storeLength,
  storeNumber,
  sumOf,
  WORDS_AT,
} from './tcp-numbers.js';

const NO_PORT = 0;
const [SYN, ACK] = [0x02, 0x10] as const;
const LINE_FEED = 0x0a;

/** Does the helper read this packet of a connection? None in fragments. */
export const isHelped = ({ method, destination, service, virtual }: Connection, { fragment }: Packet): boolean =>
  method === 'masq' && destination.helped && destination.clientAddress === undefined && virtual.port === service.port && !fragment;

/** How a packet meets the helper. `established`: its connection was, before the packet; `proven`: and its server had answered. */
export interface Met {
  readonly out: boolean;
  readonly begins: boolean;
  readonly established: boolean;
  readonly proven: boolean;
  /** A local address stands for its client (FULLNAT). */
  readonly localised: boolean;
}

/** What counts of the connection before a packet changes it. */
export function stateBefore({ state, proven }: Connection): Pick<Met, 'established' | 'proven'> {
  const established = state === 'ESTABLISHED';
  return { established, proven: established && proven };
}

/** No server waits for data below: such a reply is forged. */
const FIRST_PASSIVE_PORT = 1024;

const isShifted = ({ delta, previousDelta }: Numbers): boolean => delta !== 0 || previousDelta !== 0;

function shift(view: DataView, l4: number, stream: FtpStream, { flags }: Packet, out: boolean): void {
  const [sent, acknowledged]: readonly [Numbers, Numbers] = out ? [stream, stream.commands] : [stream.commands, stream];
  const isNew = !out && (flags & SYN) !== 0;
  if (isShifted(sent) && !isNew) storeNumber(view, l4, SEQ_AT, numberForth(sent, view.getUint32(l4 + SEQ_AT)));
  if (!isShifted(acknowledged) || (flags & ACK) === 0) return;
  storeNumber(view, l4, ACK_AT, numberBack(acknowledged, view.getUint32(l4 + ACK_AT)));
  shiftSack(view, l4, acknowledged);
}

/** Puts a connection in state LISTEN into the table of all ports; one that is there gives way. Or the reason why not. */
function expect(
  { table, now }: Question,
  control: Connection,
  client: Endpoint,
  virtualPort: number,
  serverPort: number,
): Connection | Reason {
  const scope = table.scopesOf(familyOf(client.address), IpProtocol.tcp).find(({ allPorts }) => allPorts);
  if (scope === undefined) return 'redirect_failed';
  const { service, destination, protocol } = control;
  const virtual = { address: service.address, port: virtualPort };
  const known = scope.connections.find(service, { client, virtual, protocol }, now);
  if (known !== undefined) scope.connections.end(known);
  const place = scope.connections.placeFor(client, false, now);
  if (place === undefined) return 'table_full';
  const expected: Connection = {
    ...{ client, virtual, server: { address: destination.address, port: serverPort }, service, protocol, destination },
    ...{ method: 'masq', state: 'LISTEN', expires: now + table.settings.timeoutOf('LISTEN', protocol), noOutput: false, proven: false },
    control: control.client,
  };
  scope.connections.insert(expected, place);
  return expected;
}

/** The first packet of a passive connection gives it its client's port. */
export function claimExpected(question: Question, packet: Packet): void {
  const { scope, now, table } = question;
  const { flags, protocol, sourcePort } = packet;
  if (!scope.allPorts || protocol !== IpProtocol.tcp || (flags & (SYN | ACK)) !== SYN || sourcePort === NO_PORT) return;
  const [client, virtual] = [sourceOf(packet), targetOf(packet)];
  if (scope.connections.serviceOf({ client, virtual, protocol }, now) !== undefined) return;
  const unknown = { client: { ...client, port: NO_PORT }, virtual, protocol };
  const service = scope.connections.serviceOf(unknown, now);
  const expected = service && scope.connections.find(service, unknown, now);
  if (expected === undefined || expected.state !== 'LISTEN') return;
  scope.connections.end(expected);
  const place = scope.connections.placeFor(client, false, now);
  if (place === undefined) table.count('table_full');
  else scope.connections.insert({ ...expected, client, expires: now + table.settings.timeoutOf('LISTEN', protocol) }, place);
}

interface Segment {
  readonly question: Question;
  readonly connection: Connection;
  readonly frame: Uint8Array;
  readonly packet: Packet;
  /** Where its data begin. */
  readonly dataAt: number;
  readonly text: string;
  /** Its own number, as it came. */
  readonly seq: number;
  readonly localised: boolean;
}

/**
 * May a server's segment begin in the middle of a line? Not behind one that has ended a line, not the last reply that was changed, when it comes again, and
 * not the first one here.
 */
function isBegun(ftp: FtpStream | undefined, seq: number): boolean {
  if (ftp?.line === undefined) return false;
  if (ftp.line === seq) return !ftp.lineEnded;
  return !(ftp.replied !== undefined && ftp.replySeq === seq);
}

/** A server's segment goes on, whose data end before this number. */
function noteLine(connection: Connection, next: number, ended: boolean): void {
  connection.ftp ??= unknownStream();
  const { ftp } = connection;
  if (ftp.line === undefined || isBehind(next, ftp.line)) Object.assign(ftp, { line: next, lineEnded: ended });
}

/** A client's line; one with its endpoint as the frame that goes on to a server that sees a local one. A reason: it is dropped. */
function command(segment: Segment, line: ReturnType<typeof findLine>): Uint8Array | Reason | undefined {
  const { question, connection, packet, text } = segment;
  if (line === undefined) return undefined;
  if (line.line === 'pasv' || line.line === 'epsv') {
    connection.ftp ??= unknownStream();
    connection.ftp.armed = line.line;
    return undefined;
  }
  const endpoint = endpointIn(text, line, packet.family, false);
  if (endpoint === undefined || (packet.family === 'inet' && endpoint.address !== packet.source)) return undefined;
  if (connection.ftp !== undefined) connection.ftp.armed = undefined;
  const client = { address: packet.source, port: endpoint.port };
  const expected = expect(question, connection, client, connection.service.port - 1, (connection.destination.port - 1) & 0xffff);
  if (typeof expected === 'string') return expected;
  return segment.localised ? localised(segment, expected, line, endpoint) : undefined;
}

/** The line with the local endpoint to which the server can connect: its data connection has a flow from here on. */
function localised(segment: Segment, expected: Connection, { line, begins }: FoundLine, endpoint: FtpEndpoint): Uint8Array | Reason {
  const { question, connection, seq } = segment;
  const { table, now } = question;
  const local = table.localPorts.take(expected, now, () => table.count('local_port_replaced'));
  if (local === undefined) return 'no_local_port';
  const made = line === 'port' ? plainText(Number(local.address), local.port) : extendedText(local);
  connection.ftp ??= unknownStream();
  connection.ftp.commands = lengthened(connection.ftp.commands, (seq + begins) >>> 0, made.length - (endpoint.ends - endpoint.from));
  return replaced(segment, endpoint, made);
}

/** h,h,h,h,p,p */
const plainText = (address: number, port: number): string =>
  [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255, port >> 8, port & 255].join(',');

const extendedText = ({ address, port }: Endpoint): string =>
  `|${addressOf(address).family === 'inet' ? 1 : 2}|${textOf(address)}|${port}|`;

/** The text that takes the place of a reply's endpoint; undefined: it stays. */
function replacement(line: FtpLine, { address, bare, port }: FtpEndpoint, virtual: number): string | undefined {
  if (bare || (line === 'pasv' && address === virtual)) return undefined;
  if (line === 'epsv') return `|||${port}|`;
  return plainText(virtual, port);
}

/** A reply with its endpoint, as the frame after it; a reason: it is dropped. */
function answer(segment: Segment): Uint8Array | Reason | undefined {
  const { question, connection, packet, text, seq } = segment;
  const { ftp, service, destination } = connection;
  const line = findLine(text, packet.family, true, isBegun(ftp, seq));
  if (ftp === undefined || line === undefined) return undefined;
  const at = (seq + line.begins) >>> 0;
  if (ftp.armed !== line.line && !(ftp.replied === line.line && ftp.replySeq === at)) return undefined;
  const endpoint = endpointIn(text, line, packet.family, true);
  if (endpoint === undefined || endpoint.port < FIRST_PASSIVE_PORT) return undefined;
  if (endpoint.address !== undefined && endpoint.address !== service.address && endpoint.address !== destination.address) return undefined;
  const expected = expect(question, connection, { address: packet.destination, port: NO_PORT }, endpoint.port, endpoint.port);
  if (typeof expected === 'string') return expected;
  const made = replacement(line.line, endpoint, Number(service.address));
  const more = made === undefined ? 0 : made.length - (endpoint.ends - endpoint.from);
  Object.assign(ftp, lengthened(ftp, at, more), { replySeq: at, replied: line.line, armed: undefined });
  return made === undefined ? undefined : replaced(segment, endpoint, made);
}

/** The frame with another text in the place of the endpoint's. */
function replaced({ frame, packet, dataAt, text }: Segment, { from, ends }: FtpEndpoint, made: string): Uint8Array {
  const data = bytesOfText(text.slice(0, from) + made + text.slice(ends));
  const more = data.length - text.length;
  const next = new Uint8Array(more === 0 ? frame.length : dataAt + data.length);
  next.set(frame.subarray(0, next.length));
  next.set(data, dataAt);
  const view = viewOf(next);
  const l4 = ETHERNET_BYTES + packet.header;
  changeSum(view, l4, sumOf(viewOf(frame), dataAt, dataAt + text.length), sumOf(view, dataAt, dataAt + data.length));
  storeLength(view, packet, packet.length + more);
  return next;
}

/** A segment whose lines are read, as it goes on; a reason: it is dropped. */
function read(segment: Omit<Segment, 'text'>, shifted: Arrival, size: number, out: boolean): Arrival | Reason {
  const { frame, dataAt, packet } = segment;
  const text = String.fromCharCode(...frame.subarray(dataAt, dataAt + size));
  const changed = out ? answer({ ...segment, text }) : command({ ...segment, text }, findLine(text, packet.family, false));
  if (typeof changed === 'string') return changed;
  if (changed === undefined) return shifted;
  const parsed = parseFrame(changed, shifted.gsoSize);
  return parsed.packet === undefined ? 'redirect_failed' : { ...shifted, frame: changed, packet: parsed.packet };
}

/** What becomes of a packet of a helped connection before it is translated; a reason: it is dropped. */
export function helped(
  question: Question,
  arrival: Arrival,
  connection: Connection,
  { out, begins, established, proven, localised: isLocal }: Met,
): Arrival | Reason {
  const { packet, gsoSize } = arrival;
  const frame = arrival.frame.slice();
  const view = viewOf(frame);
  const l4 = ETHERNET_BYTES + packet.header;
  if (begins || ((packet.flags & SYN) !== 0 && (out || !established))) connection.ftp = undefined;
  const seq = view.getUint32(l4 + SEQ_AT);
  if (connection.ftp !== undefined) shift(view, l4, connection.ftp, packet, out);
  const dataAt = l4 + (view.getUint8(l4 + WORDS_AT) >> 4) * 4;
  const size = ETHERNET_BYTES + packet.length - dataAt;
  const shifted = { ...arrival, frame };
  if (!established || size <= 0) return shifted;
  const isRead = proven && gsoSize === 0 && size <= FTP_TEXT_BYTES;
  const done = isRead ? read({ question, connection, frame, packet, dataAt, seq, localised: isLocal }, shifted, size, out) : shifted;
  if (out && typeof done !== 'string') noteLine(connection, (seq + size) >>> 0, frame[dataAt + size - 1] === LINE_FEED);
  return done;
}
