// Items of weir's own stream as bytes. An IPv4 connection takes 16 bytes, where nothing is special about it.
//
//     connection    flags (1) · state and what was seen (1) · client port (2) · number of the destination (2) · seconds left (3) ·
//                   hundredths of a second since its last packet (3) · client (4 or 16)
//       endpoint    protocol (1) · virtual address (4 or 16), port (2) · server's port (2)
//       sequence    in and out: initial, delta, previous delta (4 each)
//       local       family (1), address (4 or 16), port (2)
//     template      flags (1) · number of the destination (2) · seconds left (3) · seconds in all (3) ·
//                   hundredths of a second since its last use (3) · client network (4 or 16)
//       call        length (1), Call-ID
import type { Family } from '../model/address.js';
import type { ForeignConnection } from '../model/foreign-connection.js';
import type { ForeignTemplate } from '../model/foreign-template.js';
import { sameDestination } from '../model/identity.js';
import { IpProtocol } from '../model/ip-protocol.js';
import type { DestinationKey } from '../model/service.js';
import type { StreamReader, StreamWriter } from './stream-bytes.js';
import { type DictionaryDestination, familyOf, protocolNamed } from './stream-dictionary.js';
import { type StreamConnection, type StreamItem, StreamLayout, type StreamRefusal, type StreamTemplate } from './stream-record.js';
import { connectionStates, type SequenceShift } from './sync-entry.js';

/** Flags of an item. Those above 0x0f are of its kind. */
const ItemFlag = {
  inet6: 0x01,
  /** Of a connection. */
  endpoint: 0x10,
  sequence: 0x20,
  local: 0x40,
  /** Of a template. */
  assured: 0x10,
  portless: 0x20,
  call: 0x40,
} as const;
const CONNECTION_FLAGS = 0x71;
const TEMPLATE_FLAGS = 0x71;

/** The second byte of a connection. */
const StateFlag = { state: 0x0f, seen: 0x20, answered: 0x40, proven: 0x80 } as const;

/** What is written of an item beside it. `destination`: its number. */
export interface ItemHead {
  readonly destination: number;
  readonly idle: number;
}
/** What is read of one. */
interface IdleItem<T extends StreamItem> {
  readonly item: T;
  readonly idle: number;
}

/** The destination by which the dictionary knows an item. */
export function dictionaryDestination(item: StreamItem): DictionaryDestination {
  const { method } = item.kind === 'connection' ? item.connection : item.template;
  return { service: item.service, key: item.destination, method };
}

/** Seconds as they travel: whole ones, never more than are left, so that no connection lives longer because it travelled. */
const wireSeconds = (seconds: number): number => Math.min(Math.max(Math.floor(seconds), 0), StreamLayout.secondsMax);

/** As it travels: never less. */
const wireIdle = (idle: number): number => Math.min(Math.max(Math.ceil(idle), 0), StreamLayout.idleMax);

function writeShift(writer: StreamWriter, { initial, delta, previousDelta }: SequenceShift): void {
  for (const value of [initial, delta, previousDelta]) writer.u32(value);
}

const readShift = (reader: StreamReader): SequenceShift => ({ initial: reader.u32(), delta: reader.u32(), previousDelta: reader.u32() });

/** Does the service's own endpoint not state the connection's? */
function hasOwnEndpoint({ service, destination, connection: { virtual, server } }: StreamConnection): boolean {
  return service.kind === 'fwmark' || !sameDestination(service, virtual) || destination.port !== server.port;
}

export function writeConnection(writer: StreamWriter, item: StreamConnection, head: ItemHead): void {
  const { connection, sequence, local } = item;
  const { client, virtual, server, protocol, state, seconds, seen } = connection;
  const isOwn = hasOwnEndpoint(item);
  const isInet6 = client.address.family === 'inet6';
  const parts =
    (isOwn ? ItemFlag.endpoint : 0) | (sequence === undefined ? 0 : ItemFlag.sequence) | (local === undefined ? 0 : ItemFlag.local);
  const seenBits =
    seen === undefined ? 0 : StateFlag.seen | (seen.answered ? StateFlag.answered : 0) | (seen.proven ? StateFlag.proven : 0);
  writer.u8(parts | (isInet6 ? ItemFlag.inet6 : 0));
  writer.u8((state & StateFlag.state) | seenBits);
  writer.u16(client.port);
  writer.u16(head.destination);
  writer.u24(wireSeconds(seconds));
  writer.u24(wireIdle(head.idle));
  writer.address(client.address);
  if (isOwn) {
    writer.u8(protocol);
    writer.address(virtual.address);
    writer.u16(virtual.port);
    writer.u16(server.port);
  }
  if (sequence !== undefined) {
    writeShift(writer, sequence.in);
    writeShift(writer, sequence.out);
  }
  if (local !== undefined) writer.endpoint(local);
}

interface Endpoints {
  readonly protocol: number;
  readonly virtual: DestinationKey;
  readonly serverPort: number;
}

function endpointsOf(reader: StreamReader, { service, key }: DictionaryDestination, family: Family, isOwn: boolean): Endpoints | undefined {
  if (isOwn) return { protocol: reader.u8(), virtual: { address: reader.address(family), port: reader.u16() }, serverPort: reader.u16() };
  if (service.kind === 'fwmark') return undefined;
  return {
    protocol: IpProtocol[service.protocol],
    virtual: { address: service.address, port: service.port },
    serverPort: key.port,
  };
}

/** A connection, or why it is none. */
export function readConnection(
  reader: StreamReader,
  flags: number,
  find: (number: number) => DictionaryDestination | undefined,
): IdleItem<StreamConnection> | StreamRefusal {
  if ((flags & ~CONNECTION_FLAGS) !== 0) return 'item-flags';
  const bits = reader.u8();
  const port = reader.u16();
  const destination = find(reader.u16());
  const [seconds, idle] = [reader.u24(), reader.u24()];
  const family: Family = (flags & ItemFlag.inet6) === 0 ? 'inet' : 'inet6';
  const address = reader.address(family);
  if (reader.failed) return 'frame-short';
  if (destination === undefined) return 'item-destination';
  if (familyOf(destination) !== family) return 'item-family';
  const endpoints = endpointsOf(reader, destination, family, (flags & ItemFlag.endpoint) !== 0);
  if (endpoints === undefined) return 'item-endpoint';
  const sequence = (flags & ItemFlag.sequence) === 0 ? undefined : { in: readShift(reader), out: readShift(reader) };
  const local = (flags & ItemFlag.local) === 0 ? undefined : reader.endpoint();
  if (reader.failed) return 'frame-short';
  const connection = connectionOf({ address, port }, destination, endpoints, bits, seconds);
  const wrong = wrongConnection(connection);
  if (wrong !== undefined) return wrong;
  const { service, key } = destination;
  const parts = { ...(sequence === undefined ? {} : { sequence }), ...(local === undefined ? {} : { local }) };
  return { idle, item: { kind: 'connection', service, destination: key, connection, ...parts } };
}

function connectionOf(
  client: DestinationKey,
  { service, key, method }: DictionaryDestination,
  { protocol, virtual, serverPort }: Endpoints,
  bits: number,
  seconds: number,
): ForeignConnection {
  const seen = { answered: (bits & StateFlag.answered) !== 0, proven: (bits & StateFlag.proven) !== 0 };
  return {
    protocol,
    client,
    virtual,
    server: { address: key.address, port: serverPort },
    mark: service.kind === 'fwmark' ? service.mark : 0,
    method,
    state: bits & StateFlag.state,
    seconds,
    timeout: 0,
    late: false,
    ...((bits & StateFlag.seen) === 0 ? {} : { seen }),
  };
}

function wrongConnection({ protocol, state, seconds }: ForeignConnection): StreamRefusal | undefined {
  if (protocolNamed(protocol) === undefined) return 'item-protocol';
  if (state >= connectionStates(protocol)) return 'item-state';
  return seconds > StreamLayout.secondsMax ? 'item-time' : undefined;
}

export function writeTemplate(writer: StreamWriter, item: StreamTemplate, head: ItemHead): void {
  const { template, callId } = item;
  const { client, virtual, server, assured, seconds, timeout } = template;
  const isPortless = virtual.port === 0 && server.port === 0;
  const bits = (assured ? ItemFlag.assured : 0) | (isPortless ? ItemFlag.portless : 0) | (callId === undefined ? 0 : ItemFlag.call);
  writer.u8(bits | (client.family === 'inet6' ? ItemFlag.inet6 : 0));
  writer.u16(head.destination);
  writer.u24(wireSeconds(seconds));
  writer.u24(wireSeconds(timeout));
  writer.u24(wireIdle(head.idle));
  writer.address(client);
  if (callId === undefined) return;
  writer.u8(callId.length);
  writer.bytes(callId);
}

export function readTemplate(
  reader: StreamReader,
  flags: number,
  find: (number: number) => DictionaryDestination | undefined,
): IdleItem<StreamTemplate> | StreamRefusal {
  if ((flags & ~TEMPLATE_FLAGS) !== 0) return 'item-flags';
  const destination = find(reader.u16());
  const [seconds, timeout, idle] = [reader.u24(), reader.u24(), reader.u24()];
  const family: Family = (flags & ItemFlag.inet6) === 0 ? 'inet' : 'inet6';
  const client = reader.address(family);
  const hasCall = (flags & ItemFlag.call) !== 0;
  const length = hasCall ? reader.u8() : 0;
  const callId = reader.bytes(length);
  if (reader.failed) return 'frame-short';
  if (destination === undefined) return 'item-destination';
  if (familyOf(destination) !== family) return 'item-family';
  if (hasCall && length === 0) return 'item-call';
  if (Math.max(seconds, timeout) > StreamLayout.secondsMax) return 'item-time';
  const { service, key } = destination;
  const template = templateOf(destination, (flags & ItemFlag.portless) !== 0);
  return {
    idle,
    item: {
      kind: 'template',
      service,
      destination: key,
      template: { ...template, client, assured: (flags & ItemFlag.assured) !== 0, seconds, timeout },
      ...(hasCall ? { callId } : {}),
    },
  };
}

/** Of a mark no virtual endpoint counts, and it has none here. */
function templateOf(
  { service, key, method }: DictionaryDestination,
  isPortless: boolean,
): Pick<ForeignTemplate, 'protocol' | 'virtual' | 'server' | 'mark' | 'method'> {
  const server = { address: key.address, port: isPortless ? 0 : key.port };
  if (service.kind === 'fwmark') {
    const address = { family: service.family, words: service.family === 'inet' ? [0] : [0, 0, 0, 0] };
    return { protocol: 0, virtual: { address, port: 0 }, server, mark: service.mark, method };
  }
  const virtual = { address: service.address, port: isPortless ? 0 : service.port };
  return { protocol: IpProtocol[service.protocol], virtual, server, mark: 0, method };
}
