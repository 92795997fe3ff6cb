// What the importers of proxies have in common: where they listen, and what changes where packets are passed on instead of copied.
import { type Address, isUnspecified } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { widestNetmask } from '../../model/identity.js';
import { masquerades } from '../../model/masquerades.js';
import type { DestinationSpec } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import { isUnicast } from '../../model/unicast-address.js';
import { canBeVip } from '../../model/vip-address.js';
import { eachServerOnce } from './each-once.js';
import type { At, ImportReport } from './import-report.js';
import type { ImportedDestination, ImportOptions } from './imported.js';
import { destinationOf, PORT_MAX, wholeNumber } from './values.js';

export interface ListenPlace {
  readonly address: Address;
  readonly port: number;
}

const [PORTS_MAX, WEIGHT_MAX] = [1024, 65_535];

/** `80`, `8000-8100`; undefined: neither. */
export function portsOf(text: string | undefined): readonly number[] | undefined {
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? '') ?? [];
  const from = wholeNumber(first, 1, PORT_MAX);
  const to = last === undefined ? from : wholeNumber(last, 1, PORT_MAX);
  if (from === undefined || to === undefined || to < from || to - from >= PORTS_MAX) return undefined;
  return Array.from({ length: to - from + 1 }, (_, k) => from + k);
}

/** Of `*` and the like those that the operator named. A line for each place that cannot be a service. @throws WeirError as makes of the report */
export function placesOf(
  at: At,
  host: string,
  ports: readonly number[],
  options: ImportOptions,
  report: ImportReport,
): readonly ListenPlace[] {
  const given = host === '' || host === '*' ? undefined : parseAddress(host);
  const isWild = host === '' || host === '*' || (given !== undefined && isUnspecified(given));
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
  report.makes(at, addresses.length * ports.length);
  return addresses.flatMap((address) => ports.map((port) => ({ address, port })));
}

/** A server of a pool, as a line has it. */
export interface ProxiedServer {
  readonly at: At;
  readonly backup: boolean;
  readonly address: Address;
  /** Undefined: that of the service. */
  readonly port: number | undefined;
  readonly weight: number;
  readonly upperThreshold?: number;
  /** It gets a header of the PROXY protocol, version 2, which FULLNAT alone sends. */
  readonly hasHeader?: boolean;
}

/** By DR and tunnels packets keep their port. */
export function serverAt(
  { at, address, port, weight, upperThreshold, hasHeader = false }: Omit<ProxiedServer, 'backup'>,
  place: ListenPlace,
  options: ImportOptions,
  report: ImportReport,
): DestinationSpec | undefined {
  const own = port ?? place.port;
  if (own !== place.port && !masquerades(options)) {
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
    const which = address.family === 'inet' ? 'IPv6' : 'IPv4';
    report.add(at, 'refused', '', `the server gets no connections of ${which}: packets keep their family`, 'import with --method tunnel');
    return undefined;
  }
  if (!isUnicast(address)) {
    report.add(at, 'refused', '', 'the server gets no connections: its address is not that of one host');
    return undefined;
  }
  const spec = destinationOf(address, own, options.method, { weight, ...(upperThreshold === undefined ? {} : { upperThreshold }) });
  if (options.method !== 'fullnat') return spec;
  const localAddresses = (options.localAddresses ?? []).filter(({ family }) => family === address.family);
  if (localAddresses.length > 0) return { ...spec, localAddresses, ...(hasHeader ? { clientAddress: 'proxy' } : {}) };
  const version = address.family === 'inet' ? 'IPv4' : 'IPv6';
  report.add(at, 'refused', '', `the server gets no connections: FULLNAT needs a local address of ${version}`, '--local-address');
  return undefined;
}

/** Of every proxy: servers see something else. */
export function clientsAreSeen(at: At, { method }: ImportOptions, report: ImportReport): void {
  if (method === 'fullnat') {
    report.add(at, 'equivalent', 'fullnat', "servers see local addresses where they saw the proxy's");
    return;
  }
  report.add(
    at,
    'approximated',
    'packets go on as they are',
    "servers see the clients' addresses, and their answers must come back this way",
    'docs/forwarding-nat.md',
  );
}

/** A proxy chooses each of the lines of one server for itself: together they have the sum of their shares. A threshold of 0 is none. */
function addedUp(all: readonly (ImportedDestination & { readonly at: At })[], report: ImportReport): readonly ImportedDestination[] {
  const once = eachServerOnce(all, ({ spec: before, check, at: first }, { at, spec }) => {
    const weight = Math.min(WEIGHT_MAX, before.weight + spec.weight);
    const isOpen = before.upperThreshold === 0 || spec.upperThreshold === 0;
    report.add(at, 'equivalent', `weight ${weight} together with the lines of the same server before it`);
    const upperThreshold = isOpen ? 0 : before.upperThreshold + spec.upperThreshold;
    return { spec: { ...before, weight, upperThreshold }, check, at: first };
  });
  return once.map(({ spec, check }) => ({ spec, check }));
}

/** A pool of servers behind the places where a proxy listens. */
export interface ProxiedPool<T extends ProxiedServer> {
  readonly protocol: 'tcp' | 'udp';
  readonly scheduler: string;
  /** How long clients stay with their server, s. */
  readonly persistence?: number | undefined;
  readonly servers: readonly T[];
  readonly checkOf: (server: T) => ImportedDestination['check'];
  /** s */
  readonly checkInterval: number;
}

/**
 * `at`: the statement that listens. The first backup server is the sorry server. False: no service is made, since no server is left; one without
 * servers would refuse clients that are served now.
 */
export function listenAt<T extends ProxiedServer>(
  at: At,
  place: ListenPlace,
  { protocol, scheduler, persistence, servers, checkOf, checkInterval }: ProxiedPool<T>,
  options: ImportOptions,
  report: ImportReport,
): boolean {
  const key = { kind: 'address', protocol, ...place } as const;
  const [backup, ...others] = servers.filter((each) => each.backup);
  for (const each of others)
    report.add(each.at, 'approximated', '', 'of several backup servers the first one alone has connections, when no other server is left');
  const sorry = backup && serverAt(backup, place, options, report);
  const listed = servers
    .filter((each) => !each.backup)
    .flatMap((each) => {
      const spec = serverAt(each, place, options, report);
      return spec === undefined ? [] : [{ at: each.at, spec, check: checkOf(each) }];
    });
  if (listed.length === 0 && sorry === undefined) {
    report.add(at, 'refused', '', `no service is made of ${serviceWord(key)}: none of its servers would get connections`);
    return false;
  }
  const kept = persistence === undefined ? {} : { persistence: { timeout: persistence, netmask: widestNetmask(place.address.family) } };
  report.add(at, 'equivalent', serviceWord(key));
  report.service(at, {
    spec: { key, scheduler, schedFlags: 0, onePacket: false, ...kept },
    destinations: addedUp(listed, report),
    ...(sorry === undefined ? {} : { sorry }),
    checkInterval,
    keepsFailed: false,
  });
  return true;
}
