// The listings that are not of the table: connections, timeouts, synchronisation daemons.
import { formatAddress } from '../../model/address-text.js';
import { endpointText, type Names } from '../../model/endpoint-text.js';
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

function connectionLine(entry: ConnectionEntry, engines: boolean, names: Names): string {
  const protocol = portProtocols.get(entry.protocol);
  const text = (key: DestinationKey): string => endpointText(key, protocol, names);
  const start = [
    entry.protocol.padEnd(3),
    expiryText(entry.expires).padEnd(6),
    entry.state.padEnd(11),
    text(entry.client).padEnd(18),
    text(entry.virtual).padEnd(18),
  ].join(' ');
  const destination = text(entry.destination);
  if (!engines || entry.engine === undefined) return `${start} ${destination}\n`;
  const data = entry.engine.data.split(/\s/, 1)[0] ?? '';
  return `${start} ${destination.padEnd(16)} ${entry.engine.name.padEnd(18)} ${data}\n`;
}

/** The first lines of -L -c. `engines` (with --persistent-conn): also the persistence engine's name and data. */
export function connectionHeader(engines: boolean): string {
  const start = `pro expire ${'state'.padEnd(11)} ${'source'.padEnd(18)} ${'virtual'.padEnd(18)}`;
  return `IPVS connection entries\n${start} ${engines ? `${'destination'.padEnd(18)} ${'pe name'.padEnd(16)} pe_data` : 'destination'}\n`;
}

/** The lines of connections, unsorted, one at a time. */
export function* connectionLines(entries: Iterable<ConnectionEntry>, engines: boolean, names: Names): Generator<string> {
  for (const entry of entries) yield connectionLine(entry, engines, names);
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
  return `${daemon.role} sync daemon (${parts.join(', ')})\n`;
}
