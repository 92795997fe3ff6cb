// The files that IPVS shows under /proc/net, as text: what scripts and agents read.
import type { Address } from './address.js';
import { ipv6Groups } from './address-text.js';
import { effectiveWeight } from './drain/effective-weight.js';
import { serviceFamily } from './identity.js';
import type { ConnectionEntry, DestinationEntry, DestinationKey, ServiceEntry, ServiceSpec, Stats } from './service.js';
import { tableOrder } from './table-order.js';

/** Ticks a second of Debian's kernels: persistence is printed in ticks. */
const TICKS_PER_SECOND = 250;

function hex(value: number | bigint, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, '0');
}

function column(value: bigint, width: number): string {
  return value.toString(16).toUpperCase().padStart(width);
}

function plainAddress(address: Address): string {
  if (address.family === 'inet') return hex(address.words[0] ?? 0, 8);
  return ipv6Groups(address)
    .map((group) => group.toString(16).padStart(4, '0'))
    .join(':');
}

function endpoint({ address, port }: DestinationKey): string {
  const text = plainAddress(address);
  return `${address.family === 'inet' ? text : `[${text}]`}:${hex(port, 4)}`;
}

/** An IPv6 prefix length is shown as the kernel keeps it, which is byte-swapped on little-endian machines. */
function maskText(spec: ServiceSpec, mask: number): string {
  return hex(serviceFamily(spec.key) === 'inet' ? mask : mask * 0x1000000, 8);
}

function serviceLine({ spec }: ServiceEntry): string {
  const { key, persistence } = spec;
  const ops = spec.onePacket ? 'ops ' : '';
  const tail =
    persistence === undefined ? '' : `persistent ${persistence.timeout * TICKS_PER_SECOND} ${maskText(spec, persistence.netmask)}`;
  if (key.kind === 'fwmark') return `FWM  ${hex(key.mark, 8)} ${spec.scheduler} ${ops}${tail}\n`;
  const name = `${key.protocol.toUpperCase()}  ${endpoint(key)} ${spec.scheduler}`;
  return key.address.family === 'inet' ? `${name} ${ops} ${tail}\n` : `${name} ${tail}\n`;
}

const methods = { masq: 'Masq', local: 'Local', tunnel: 'Tunnel', route: 'Route', fullnat: 'FullNAT' } as const;

function destinationLine(entry: DestinationEntry): string {
  const { spec, active, inactive } = entry;
  const numbers = `${String(effectiveWeight(entry)).padEnd(6)} ${String(active).padEnd(10)} ${String(inactive).padEnd(10)}`;
  return `  -> ${endpoint(spec)}      ${methods[spec.method].padEnd(7)} ${numbers}\n`;
}

/** /proc/net/ip_vs. Services newest first. */
export function* servicesFile(version: readonly number[], size: number, services: readonly ServiceEntry[]): Generator<string> {
  yield `IP Virtual Server version ${version.join('.')} (size=${size})\n`;
  yield 'Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n';
  for (const service of tableOrder(services, ({ spec }) => spec.key)) {
    yield serviceLine(service) + service.destinations.map(destinationLine).join('');
  }
}

function connectionStart(entry: ConnectionEntry): string {
  const text = ({ address, port }: DestinationKey): string => `${plainAddress(address)} ${hex(port, 4)}`;
  return `${entry.protocol.padEnd(3)} ${text(entry.client)} ${text(entry.virtual)} ${text(entry.destination)} ${entry.state.padEnd(11)}`;
}

const CONNECTION_TITLE = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       ';

/** /proc/net/ip_vs_conn */
export function* connectionsFile(entries: Iterable<ConnectionEntry>): Generator<string> {
  yield `${CONNECTION_TITLE}Expires PEName PEData\n`;
  for (const entry of entries) {
    const engine = entry.engine === undefined ? '' : ` ${entry.engine.name} ${entry.engine.data}`;
    yield `${connectionStart(entry)} ${String(entry.expires).padStart(7)}${engine}\n`;
  }
}

/** /proc/net/ip_vs_conn_sync */
export function* connectionOriginsFile(entries: Iterable<ConnectionEntry>): Generator<string> {
  yield `${CONNECTION_TITLE}Origin Expires\n`;
  for (const entry of entries) {
    const origin = entry.announced === true ? 'SYNC' : 'LOCAL';
    yield `${connectionStart(entry)} ${origin.padEnd(6)} ${String(entry.expires).padStart(7)}\n`;
  }
}

function counterCells({ conns, inPackets, outPackets, inBytes, outBytes }: Stats): string {
  return [column(conns, 8), column(inPackets, 8), column(outPackets, 8), column(inBytes, 16), column(outBytes, 16)].join(' ');
}

function rateCells({ connRate, inPacketRate, outPacketRate, inByteRate, outByteRate }: Stats): string {
  return [column(connRate, 8), column(inPacketRate, 8), column(outPacketRate, 8), column(inByteRate, 16), column(outByteRate, 16)].join(
    ' ',
  );
}

/** /proc/net/ip_vs_stats: hexadecimal. */
export function statsFile(totals: Stats): string {
  return [
    '   Total Incoming Outgoing         Incoming         Outgoing',
    '   Conns  Packets  Packets            Bytes            Bytes',
    counterCells(totals),
    '',
    ' Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s',
    rateCells(totals),
    '',
  ].join('\n');
}

/** /proc/net/ip_vs_stats_percpu: a row for each CPU whose totals are known, then their sum. */
export function cpuStatsFile(totals: Stats, byCpu: readonly Stats[]): string {
  return [
    '       Total Incoming Outgoing         Incoming         Outgoing',
    'CPU    Conns  Packets  Packets            Bytes            Bytes',
    ...byCpu.map((stats, cpu) => `${cpu.toString(16).toUpperCase().padStart(3)} ${counterCells(stats)}`),
    `  ~ ${counterCells(totals)}`,
    '',
    '     Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s',
    `    ${rateCells(totals)}`,
    '',
  ].join('\n');
}

/** A helper for the connections to one port of services. `used`: by so many. */
export interface Application {
  readonly protocol: string;
  readonly port: number;
  readonly used: number;
  readonly name: string;
}

/** /proc/net/ip_vs_app. */
export function applicationsFile(applications: readonly Application[]): string {
  const rows = applications.map(({ protocol, port, used, name }) =>
    [protocol.padEnd(3), '', String(port).padEnd(7), String(used).padEnd(6), name.padEnd(17)].join(' '),
  );
  return ['prot port    usecnt name', ...rows, ''].join('\n');
}
