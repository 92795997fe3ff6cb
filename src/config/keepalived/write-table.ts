// A table as a keepalived.conf without health checks. What its words cannot express is left out: whoever writes a file compares what is read of it.
import { formatAddress, formatIpv4 } from '../../model/address-text.js';
import { serviceFamily, widestNetmask } from '../../model/identity.js';
import { plainFlags } from '../../model/schedulers.js';
import type { DestinationSpec, ServiceKey, ServiceSpec, Timeouts } from '../../model/service.js';
import type { DocumentService, TableDocument } from '../../model/table-document.js';

const METHODS = { masq: 'NAT', route: 'DR', local: 'DR', tunnel: 'TUN', fullnat: undefined } as const;

/** Whether its words can express how this server is reached. */
export const canExpress = ({ method }: DestinationSpec): boolean => METHODS[method] !== undefined;

/** What stands in the blocks of a service and of its servers besides what the table has. */
export interface MoreLines {
  readonly ofService: (service: DocumentService) => readonly string[];
  readonly ofServer: (service: DocumentService, server: DestinationSpec) => readonly string[];
}
const NOTHING: MoreLines = { ofService: () => [], ofServer: () => [] };

export const block = (head: string, lines: readonly string[]): readonly string[] => [
  `${head} {`,
  ...lines.map((line) => `    ${line}`),
  '}',
];

const labelOf = (key: ServiceKey): string => (key.kind === 'fwmark' ? `fwmark ${key.mark}` : `${formatAddress(key.address)} ${key.port}`);

function persistenceLines({ key, persistence }: ServiceSpec): readonly string[] {
  if (persistence === undefined) return [];
  const { timeout, netmask, engine } = persistence;
  const family = serviceFamily(key);
  const mask = family === 'inet' ? formatIpv4(netmask) : String(netmask);
  return [
    `persistence_timeout ${timeout}`,
    ...(netmask === widestNetmask(family) ? [] : [`persistence_granularity ${mask}`]),
    ...(engine === undefined ? [] : [`persistence_engine ${engine}`]),
  ];
}

/** `lvs_method NAT`. Not of FULLNAT. */
export function methodLine({ method, tunnel }: DestinationSpec): string {
  const port = tunnel.port === 0 ? '' : ` port ${tunnel.port}`;
  return `lvs_method ${METHODS[method]}${method === 'tunnel' && tunnel.type !== 'ipip' ? ` type ${tunnel.type}${port} ${tunnel.checksum}` : ''}`;
}

function serverLines(spec: DestinationSpec, more: readonly string[]): readonly string[] {
  const { address, port, weight, upperThreshold, lowerThreshold } = spec;
  return block(`real_server ${formatAddress(address)} ${port}`, [
    `weight ${weight}`,
    methodLine(spec),
    ...(upperThreshold === 0 ? [] : [`uthreshold ${upperThreshold}`]),
    ...(lowerThreshold === 0 ? [] : [`lthreshold ${lowerThreshold}`]),
    ...more,
  ]);
}

function serviceLines(service: DocumentService, more: MoreLines): readonly string[] {
  const { spec, destinations } = service;
  const { key, scheduler, schedFlags, onePacket } = spec;
  return block(`virtual_server ${labelOf(key)}`, [
    ...(key.kind === 'fwmark' ? [`ip_family ${key.family}`] : [`protocol ${key.protocol.toUpperCase()}`]),
    `lvs_sched ${scheduler}`,
    ...plainFlags.filter((_, bit) => (schedFlags & (1 << bit)) !== 0),
    ...(onePacket ? ['ops'] : []),
    ...persistenceLines(spec),
    ...more.ofService(service),
    ...destinations.filter(canExpress).flatMap((each) => serverLines(each, more.ofServer(service, each))),
  ]);
}

const globalLines = ({ tcp, tcpFin, udp }: Timeouts): readonly string[] =>
  block('global_defs', [`lvs_timeouts tcp ${tcp} tcpfin ${tcpFin} udp ${udp}`]);

/** Without timeouts they stay as they are. */
export const keepalivedTableText = ({ services = [], timeouts }: TableDocument, more: MoreLines = NOTHING): string =>
  `${[...(timeouts === undefined ? [] : [globalLines(timeouts)]), ...services.map((service) => serviceLines(service, more))].map((lines) => lines.join('\n')).join('\n\n')}\n`;
