// One connection of the director in memory: its first state, and its state and expiry after each packet.
import type { Endpoint } from './endpoint.js';
import type { FtpStream } from './ftp-stream.js';
import { type Packet, sourceOf, targetOf } from './packet.js';
import { protocolRulesOf } from './protocol-rules.js';
import type { DestinationRecord, Method, ServiceRecord } from './records.js';
import type { Settings } from './settings.js';
import { type ConnectionState, isActiveState, UDP } from './state.js';

export interface Connection {
  readonly client: Endpoint;
  /** The address and port of the service that the client asked for. */
  readonly virtual: Endpoint;
  /** Where the destination listens: of a service of all ports, where the client asked. */
  readonly server: Endpoint;
  readonly service: ServiceRecord;
  /** A service of a mark has connections of several. */
  readonly protocol: number;
  readonly destination: DestinationRecord;
  /** The destination's when it began: an edit changes new connections only. */
  readonly method: Method;
  state: ConnectionState;
  /** Clock units. */
  expires: number;
  /** No packet of the server was seen: none is expected, or (UDP of a persistent service) the first one is noted for the template. */
  noOutput: boolean;
  /** Its client or its server went on after the handshake. */
  proven: boolean;
  /** Of FTP's data: the client's endpoint of the control connection that has named it. */
  readonly control?: Endpoint;
  /** What the helper for FTP knows of it. */
  ftp?: FtpStream | undefined;
}

export const isExpired = (connection: Connection, now: number): boolean => connection.expires < now;

/** Does the port of a destination count? Of a mark it does without persistence, where it is not 0; not of all ports, and of FTP's data. */
const hasPort = ({ port, service: { mark, persistence, port: own } }: DestinationRecord, virtual: Endpoint): boolean =>
  mark === 0 ? own !== 0 && own === virtual.port : persistence === undefined && port !== 0;

/** Where a destination gets what a client sent to `virtual`: where its own port does not count, at the port that was asked for. */
export const serverOf = (destination: DestinationRecord, virtual: Endpoint): Endpoint => ({
  address: destination.address,
  port: hasPort(destination, virtual) ? destination.port : virtual.port,
});

/** The connection that a packet begins. Past the servers it has no server's endpoint. */
export function firstConnection(settings: Settings, packet: Packet, destination: DestinationRecord, now: number): Connection {
  const { method, service } = destination;
  const answers = method === 'masq' || method === 'bypass';
  const virtual = targetOf(packet);
  const state = protocolRulesOf(packet).stateAfter(settings, answers ? 'input' : 'input-only', packet, 'NONE');
  const noOutput = !answers || (method === 'masq' && state === UDP && service.persistence !== undefined);
  const expires = now + settings.timeoutOf(state, packet.protocol);
  return {
    client: sourceOf(packet),
    virtual,
    server: method === 'bypass' ? { address: destination.address, port: 0 } : serverOf(destination, virtual),
    service,
    protocol: packet.protocol,
    destination,
    method,
    state,
    expires,
    noOutput,
    proven: false,
  };
}

/** How long a connection that an ICMP error begins waits for a packet of its own, as in IPVS. */
const QUOTED_SECONDS = 3;

/** The connection that an ICMP error begins: `packet` is what its client might have sent. */
export function quotedConnection(settings: Settings, packet: Packet, destination: DestinationRecord, now: number): Connection {
  const first = firstConnection(settings, packet, destination, now);
  return { ...first, state: first.state === UDP ? UDP : 'NONE', expires: now + settings.unitsOf(QUOTED_SECONDS) };
}

export const isEstablished = ({ state }: Pick<Connection, 'state'>): boolean => state === 'ESTABLISHED';

/** Whether it shows that its client is a real one: with sloppy_tcp a single packet, which may be forged, begins one as established. */
export const isAssured = (settings: Settings, connection: Pick<Connection, 'state' | 'proven' | 'protocol'>): boolean =>
  connection.proven
    ? connection.state === UDP || isEstablished(connection)
    : isEstablished(connection) && !protocolRulesOf(connection).isSloppy(settings);

/** The expiry is written at most once a second, of short timeouts a sixty-fourth. */
const SLACK_MAX_UNITS = 64;

function isRecent(expires: number, now: number, timeout: number): boolean {
  const age = now + timeout - expires;
  return age >= 0 && age <= Math.min(timeout >>> 6, SLACK_MAX_UNITS);
}

/** A server that goes on after the handshake proves the connection. */
const isProof = ({ state, proven }: Connection, packet: Packet, out: boolean): boolean =>
  out && !proven && state === 'ESTABLISHED' && protocolRulesOf(packet).canProve(packet);

/**
 * State and expiry after a packet; `out`: it is the server's. Its destination counts it by its state. What the packet shows, for the template:
 * that the client is a real one, or that a server has answered a datagram.
 */
export function touch(
  settings: Settings,
  connection: Connection,
  packet: Packet,
  now: number,
  out: boolean,
): 'assured' | 'answered' | undefined {
  const was = { ...connection };
  if (out) connection.noOutput = false;
  if (was.state !== UDP) {
    const direction = out ? 'output' : was.noOutput ? 'input-only' : 'input';
    connection.state = protocolRulesOf(packet).stateAfter(settings, direction, packet, was.state);
  }
  const timeout = settings.timeoutOf(connection.state, packet.protocol);
  const recent = isRecent(was.expires, now, timeout);
  const canBeProven = connection.state === was.state && (was.state === 'ESTABLISHED' || was.state === UDP);
  if (canBeProven && (!recent || isProof(was, packet, out))) connection.proven = true;
  const same = connection.state === was.state && connection.noOutput === was.noOutput && connection.proven === was.proven;
  if (same && recent) return undefined;
  connection.expires = now + timeout;
  const change = Number(isActiveState(connection.state)) - Number(isActiveState(was.state));
  connection.destination.active += change;
  connection.destination.inactive -= change;
  if (isEstablished(connection) && !isEstablished(was)) return 'assured';
  if (isAssured(settings, connection) && !isAssured(settings, was)) return 'assured';
  return was.state === UDP && was.noOutput && out ? 'answered' : undefined;
}
