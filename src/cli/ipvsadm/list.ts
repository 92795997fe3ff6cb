// The table as -L prints it, in all its modes.

import type { ListFormat, TableMode } from '../../config/ipvsadm/command.js';
import { effectiveWeight } from '../../model/drain/effective-weight.js';
import { endpointText, type Names } from '../../model/endpoint-text.js';
import type {
  DestinationEntry,
  DestinationSpec,
  ForwardingMethod,
  ServiceEntry,
  ServiceKey,
  ServiceSpec,
  Stats,
} from '../../model/service.js';
import { flagText, markText, netmaskText, portProtocol } from '../../model/service-text.js';
import { compareDestinations, compareServices, mergeSorted, tableOrder } from '../../model/table-order.js';
import { largeNumber } from './numbers.js';

/** `IP Virtual Server version 1.2.1 (size=4096)` */
export function versionLine(version: readonly number[], size: number): string {
  return `IP Virtual Server version ${version.join('.')} (size=${size})\n`;
}

const LOCAL = 'Prot LocalAddress:Port';
const REMOTE = '  -> RemoteAddress:Port';

/** A heading's first line, with the titles of the columns of numbers: `widths`, negative where they begin at the left. */
function titleLine(widths: readonly number[], titles: readonly string[]): string {
  const cells = titles.map((title, index) => {
    const width = widths[index] ?? 0;
    return width < 0 ? title.padEnd(-width) : title.padStart(width);
  });
  return [LOCAL.padEnd(33), ...cells].join(' ');
}

const counters = [8, 8, 8, 8, 8];

const titles: Readonly<Record<TableMode, string>> = {
  plain: `${LOCAL} Scheduler Flags\n${REMOTE.padEnd(33)} Forward Weight ActiveConn InActConn\n`,
  'tun-info': `${LOCAL} Scheduler Flags\n${REMOTE.padEnd(33)} Forward TunnelInfo    Weight ActiveConn InActConn\n`,
  stats: `${titleLine(counters, ['Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'])}\n${REMOTE}\n`,
  rate: `${titleLine(counters, ['CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'])}\n${REMOTE}\n`,
  thresholds: `${titleLine([-10, -10, -10, -10], ['Uthreshold', 'Lthreshold', 'ActiveConn', 'InActConn'])}\n${REMOTE}\n`,
  'persistent-conn': `${titleLine([-9, -11, -10, -10], ['Weight', 'PersistConn', 'ActiveConn', 'InActConn'])}\n${REMOTE}\n`,
};

function statsCells(stats: Stats, exact: boolean): string {
  const { conns, inPackets, outPackets, inBytes, outBytes } = stats;
  return [conns, inPackets, outPackets, inBytes, outBytes].map((value) => largeNumber(value, exact)).join('');
}

function rateCells(stats: Stats, exact: boolean): string {
  const { connRate, inPacketRate, outPacketRate, inByteRate, outByteRate } = stats;
  return [connRate, inPacketRate, outPacketRate, inByteRate, outByteRate].map((value) => largeNumber(value, exact)).join('');
}

/** A destination's rates: only the bytes are shortened. */
function destinationRates(stats: Stats, exact: boolean): string {
  const plain = [stats.connRate, stats.inPacketRate, stats.outPacketRate].map((value) => ` ${String(value).padStart(8)}`);
  return plain.join('') + largeNumber(stats.inByteRate, exact) + largeNumber(stats.outByteRate, exact);
}

/** `TCP  10.0.0.1:80`, `FWM  5 IPv6`. IPv4 is cut to its column. */
function serviceName(key: ServiceKey, names: Names): string {
  if (key.kind === 'fwmark') return `FWM  ${markText(key.mark)}${key.family === 'inet6' ? ' IPv6' : ''}`;
  const text = `${key.protocol.toUpperCase().padEnd(4)} ${endpointText(key, key.protocol, names)}`;
  return key.address.family === 'inet' ? text.slice(0, 33) : text;
}

const methodNames: Readonly<Record<ForwardingMethod, string>> = {
  masq: 'Masq',
  local: 'Local',
  tunnel: 'Tunnel',
  route: 'Route',
  fullnat: 'FullNAT',
};

function serviceOptions(spec: ServiceSpec): string {
  const flags = spec.schedFlags === 0 ? '' : ` (${flagText(spec)})`;
  const mask = netmaskText(spec);
  const engine = spec.persistence?.engine;
  const persistence =
    spec.persistence === undefined
      ? ''
      : ` persistent ${spec.persistence.timeout}${mask === undefined ? '' : ` mask ${mask}`}${engine === undefined ? '' : ` pe ${engine}`}`;
  return `${spec.scheduler}${flags}${persistence}${spec.onePacket ? ' ops' : ''}`;
}

function serviceLine({ spec, stats }: ServiceEntry, format: ListFormat, names: Names): string {
  const name = serviceName(spec.key, names);
  if (format.mode === 'stats') return name.padEnd(33) + statsCells(stats, format.exact);
  if (format.mode === 'rate') return name.padEnd(33) + rateCells(stats, format.exact);
  return `${name} ${serviceOptions(spec)}`;
}

/** Of FULLNAT how clients are reported. */
function tunnelText({ method, tunnel, clientAddress }: DestinationSpec): string {
  if (clientAddress !== undefined) return clientAddress;
  if (method !== 'tunnel') return 'n/a';
  const checksum = { nocsum: '-c', csum: '+c', remcsum: 'r+c' }[tunnel.checksum];
  if (tunnel.type === 'gue') return `gue:${tunnel.port}:${checksum}`;
  return tunnel.type === 'gre' ? `gre:${checksum}` : 'ipip';
}

function cells(widths: readonly number[], values: readonly (string | number)[]): string {
  return values.map((value, index) => ` ${String(value).padEnd(widths[index] ?? 0)}`).join('');
}

function destinationCells(entry: DestinationEntry, format: ListFormat): string {
  const { spec, active, inactive, persistent, stats } = entry;
  const weight = effectiveWeight(entry);
  const method = methodNames[spec.method];
  switch (format.mode) {
    case 'plain':
      return cells([7, 6, 10, 10], [method, weight, active, inactive]);
    case 'tun-info':
      return cells([7, 13, 6, 10, 10], [method, tunnelText(spec), weight, active, inactive]);
    case 'stats':
      return statsCells(stats, format.exact);
    case 'rate':
      return destinationRates(stats, format.exact);
    case 'thresholds':
      return cells([10, 10, 10, 10], [spec.upperThreshold, spec.lowerThreshold, active, inactive]);
    case 'persistent-conn':
      return cells([9, 11, 10, 10], [weight, persistent, active, inactive]);
  }
}

function destinationLine(service: ServiceKey, entry: DestinationEntry, format: ListFormat, names: Names): string {
  const name = endpointText(entry.spec, portProtocol(service), names);
  const cut = entry.spec.address.family === 'inet' ? name.slice(0, 28) : name;
  return `  -> ${cut.padEnd(28)}${destinationCells(entry, format)}`;
}

/** Services (newest first, as a director has them) in the order in which they are shown. */
export function orderServices(newestFirst: readonly ServiceEntry[], sorted: boolean): ServiceEntry[] {
  const table = tableOrder(newestFirst, ({ spec }) => spec.key);
  return sorted ? mergeSorted(table, (a, b) => compareServices(a.spec.key, b.spec.key)) : table;
}

export function orderDestinations(service: ServiceEntry, sorted: boolean): readonly DestinationEntry[] {
  return sorted ? mergeSorted(service.destinations, (a, b) => compareDestinations(a.spec, b.spec)) : service.destinations;
}

/** The titles, then each service with its destinations, a few lines at a time. */
export function* tableText(services: readonly ServiceEntry[], format: ListFormat, names: Names): Generator<string> {
  yield titles[format.mode];
  for (const service of orderServices(services, format.sorted)) {
    const destinations = orderDestinations(service, format.sorted);
    const lines = [
      serviceLine(service, format, names),
      ...destinations.map((each) => destinationLine(service.spec.key, each, format, names)),
    ];
    yield `${lines.join('\n')}\n`;
  }
}
