// The listings that are not of the table: connections, timeouts, synchronisation daemons.
import { formatAddress } from '../../model/address-text.js';
import { endpointText, type Names } from '../../model/endpoint-text.js';
import { remembered } from '../../model/remembered.js';
import type { ConnectionEntry, DestinationKey, Protocol, Timeouts } from '../../model/service.js';
import type { DaemonSpec } from '../../model/sync-daemon.js';

const portProtocols: ReadonlyMap<string, Protocol> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['SCTP', 'sctp'],
]);

function expiryText(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

/** Most lines of a million have the service, the server and the time of others: their texts are made once. So many need little memory. */
const REMEMBERED = { max: 4096 };

const PROTOCOL_WIDTH = 3;
const EXPIRY_WIDTH = 6;
const STATE_WIDTH = 11;
const ENDPOINT_WIDTH = 18;

/** How the connections of a protocol are written. */
function lineWriter(name: string, names: Names): (entry: ConnectionEntry, engines: boolean) => string {
  const protocol = portProtocols.get(name);
  const text = (key: DestinationKey): string => endpointText(key, protocol, names);
  const expiry = remembered((seconds: number) => `${name.padEnd(PROTOCOL_WIDTH)} ${expiryText(seconds).padEnd(EXPIRY_WIDTH)}`, REMEMBERED);
  const virtual = remembered((key: DestinationKey) => text(key).padEnd(ENDPOINT_WIDTH), REMEMBERED);
  const server = remembered(text, REMEMBERED);
  return ({ expires, state, client, virtual: to, destination: by, engine }, engines) => {
    const start = `${expiry(expires)} ${state.padEnd(STATE_WIDTH)} ${text(client).padEnd(ENDPOINT_WIDTH)} ${virtual(to)}`;
    const destination = server(by);
    if (!engines || engine === undefined) return `${start} ${destination}\n`;
    const data = engine.data.split(/\s/, 1)[0] ?? '';
    return `${start} ${destination.padEnd(16)} ${engine.name.padEnd(18)} ${data}\n`;
  };
}

/** The first lines of -L -c. `engines` (with --persistent-conn): also the persistence engine's name and data. */
export function connectionHeader(engines: boolean): string {
  const start = `pro expire ${'state'.padEnd(11)} ${'source'.padEnd(18)} ${'virtual'.padEnd(18)}`;
  return `IPVS connection entries\n${start} ${engines ? `${'destination'.padEnd(18)} ${'pe name'.padEnd(16)} pe_data` : 'destination'}\n`;
}

/** The lines of connections, unsorted, one at a time. */
export function* connectionLines(entries: Iterable<ConnectionEntry>, engines: boolean, names: Names): Generator<string> {
  const writerOf = remembered((protocol: string) => lineWriter(protocol, names));
  for (const entry of entries) yield writerOf(entry.protocol)(entry, engines);
}

export function timeoutText({ tcp, tcpFin, udp }: Timeouts): string {
  return `Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}\n`;
}

export function daemonText(daemon: DaemonSpec): string {
  const parts = [`mcast=${daemon.interface}`, `syncid=${daemon.syncId}`];
  if (daemon.maxLength) parts.push(`maxlen=${daemon.maxLength}`);
  if (daemon.group !== undefined) parts.push(`group=${formatAddress(daemon.group)}`);
  if (daemon.port) parts.push(`port=${daemon.port}`);
  if (daemon.ttl) parts.push(`ttl=${daemon.ttl}`);
  if (daemon.peers !== undefined) parts.push(`peers=${daemon.peers.map(formatAddress).join(',')}`);
  return `${daemon.role} sync daemon (${parts.join(', ')})\n`;
}
