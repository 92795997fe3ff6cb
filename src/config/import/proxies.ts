// What the importers of proxies have in common: where they listen, and what changes where packets are passed on instead of copied.
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import type { DestinationSpec } from '../../model/service.js';
import { canBeVip } from '../../model/vip-address.js';
import type { At, ImportReport } from './import-report.js';
import type { ImportOptions } from './imported.js';
import { destinationOf, isAny, PORT_MAX, wholeNumber } from './values.js';

export interface ListenPlace {
  readonly address: Address;
  readonly port: number;
}

const PORTS_MAX = 1024;

/** `80`, `8000-8100`; undefined: neither. */
export function portsOf(text: string | undefined): readonly number[] | undefined {
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? '') ?? [];
  const from = wholeNumber(first, 1, PORT_MAX);
  const to = last === undefined ? from : wholeNumber(last, 1, PORT_MAX);
  if (from === undefined || to === undefined || to < from || to - from >= PORTS_MAX) return undefined;
  return Array.from({ length: to - from + 1 }, (_, k) => from + k);
}

/** Of `*` and the like those that the operator named. A line for each place that cannot be a service. */
export function placesOf(
  at: At,
  host: string,
  ports: readonly number[],
  options: ImportOptions,
  report: ImportReport,
): readonly ListenPlace[] {
  const given = host === '' || host === '*' ? undefined : parseAddress(host);
  const isWild = host === '' || host === '*' || (given !== undefined && isAny(given));
  if (!isWild && (given === undefined || !canBeVip(given))) {
    report.add(at, 'refused', '', `nothing listens at ${host}: a service has an address that clients reach, by numbers`);
    return [];
  }
  const addresses = isWild
    ? options.vips.filter(({ family }) => given === undefined || given.family === family)
    : given === undefined
      ? []
      : [given];
  if (addresses.length === 0)
    report.add(at, 'refused', '', 'it listens on all addresses, and a service has one', 'name it with --vip ADDRESS');
  return addresses.flatMap((address) => ports.map((port) => ({ address, port })));
}

export interface ProxiedServer {
  readonly address: Address;
  /** Undefined: that of the service. */
  readonly port: number | undefined;
  readonly weight: number;
  readonly upperThreshold?: number;
}

/** By DR and tunnels packets keep their port. */
export function serverAt(
  { address, port, weight, upperThreshold }: ProxiedServer,
  place: ListenPlace,
  at: At,
  options: ImportOptions,
  report: ImportReport,
): DestinationSpec | undefined {
  const own = port ?? place.port;
  if (own !== place.port && options.method !== 'masq') {
    report.add(
      at,
      'refused',
      '',
      `the server gets no connections: by ${options.method} packets keep port ${place.port}`,
      'import with --method masq',
    );
    return undefined;
  }
  if (address.family !== place.address.family && options.method !== 'tunnel') {
    report.add(at, 'refused', '', 'the server gets no connections: packets keep their family', 'import with --method tunnel');
    return undefined;
  }
  return destinationOf(address, own, options.method, { weight, ...(upperThreshold === undefined ? {} : { upperThreshold }) });
}

/** Of every proxy: servers see something else. */
export function clientsAreSeen(at: At, report: ImportReport): void {
  report.add(
    at,
    'approximated',
    'packets go on as they are',
    "servers see the clients' addresses, and their answers must come back this way",
    'docs/forwarding-nat.md',
  );
}
