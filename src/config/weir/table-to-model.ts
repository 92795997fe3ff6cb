// The sections of layer 4 of a weir.yaml as the model has them; what one value means for another is examined here.
import type { Family } from '../../model/address.js';
import { checkDestination } from '../../model/check-destination.js';
import { endpointText } from '../../model/endpoint-text.js';
import { type Failure, failure, isWeirError } from '../../model/errors/weir-error.js';
import { checkOnePacket } from '../../model/fullnat.js';
import { destinationId, serviceFamily, serviceId, widestNetmask } from '../../model/identity.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { masquerades } from '../../model/masquerades.js';
import { plainFlags, schedulerFlags } from '../../model/schedulers.js';
import { type DestinationSpec, type Persistence, PLAIN_TUNNEL, type ServiceKey, type Timeouts, type Tunnel } from '../../model/service.js';
import { parseServiceWord, serviceWord } from '../../model/service-word.js';
import type { DocumentService, TableDocument } from '../../model/table-document.js';
import type { WeirFile } from '../../model/weir-file.js';
import type { Placed, Report } from './shape.js';
import { type CheckedServer, virtualServerOf } from './table-checks.js';
import {
  SERVICE_DEFAULTS,
  type ServicesSection,
  type TableServerKeys,
  type TableServiceKeys,
  type TimeoutsSection,
} from './table-shape.js';
import type { Place } from './yaml-value.js';

type ServerEntry = NonNullable<TableServiceKeys['servers']>[number];
type Forwarding = Pick<TableServerKeys, 'method' | 'tunnel' | 'local_addresses' | 'client_address'>;

const wrong = (expected: string, given: string): Failure => failure('file-value', { expected, given, meant: undefined });

/** A length is turned into a mask for IPv4. Other bits than the first ones may be set in a mask. */
function netmaskOf(
  given: NonNullable<Extract<NonNullable<TableServiceKeys['persistence']>['value'], object>['value']['netmask']>,
  family: Family,
  report: Report,
): number {
  const { value, at } = given;
  if (value.kind === 'mask') {
    if (family === 'inet6') report(at, wrong('the length of a prefix from 1 to 128 for a service of IPv6', 'a mask of IPv4'));
    return value.mask;
  }
  const max = family === 'inet' ? 32 : 128;
  if (value.length < 1 || value.length > max)
    report(at, wrong(`the length of a prefix from 1 to ${max}${family === 'inet' ? ', or a mask' : ''}`, String(value.length)));
  return family === 'inet6' ? value.length : (0xffffffff << (32 - value.length)) >>> 0;
}

function persistenceOf(given: TableServiceKeys['persistence'], family: Family, report: Report): { readonly persistence?: Persistence } {
  if (given === undefined) return {};
  const standard = { timeout: SERVICE_DEFAULTS.persistenceSeconds, netmask: widestNetmask(family) };
  if (typeof given.value === 'number') return { persistence: { ...standard, timeout: given.value } };
  const { timeout = standard.timeout, netmask, engine } = given.value.value;
  const mask = netmask === undefined ? standard.netmask : netmaskOf(netmask, family, report);
  return { persistence: { timeout, netmask: mask, ...(engine === undefined ? {} : { engine }) } };
}

function flagsOf(scheduler: string, flags: TableServiceKeys['flags'], report: Report): number {
  const own = schedulerFlags(scheduler);
  return (flags?.value ?? []).reduce((bits, name) => {
    const bit = Math.max(own.indexOf(name), plainFlags.indexOf(name));
    if (bit < 0)
      report(
        flags?.at ?? { line: 1, column: 1 },
        wrong(`flags of ${scheduler} (${[...new Set([...own, ...plainFlags])].join(', ')})`, name),
      );
    return bit < 0 ? bits : bits | (1 << bit);
  }, 0);
}

/** What a server has of forwarding: its own, else its service's where that fits its method. */
function forwardingOf(
  own: Forwarding,
  service: Forwarding,
  report: Report,
): Pick<DestinationSpec, 'method' | 'tunnel' | 'localAddresses' | 'clientAddress'> {
  const method = own.method ?? service.method ?? SERVICE_DEFAULTS.method;
  const isTunnel = method === 'tunnel';
  const isFullnat = method === 'fullnat';
  for (const [key, fits, only] of [
    ['tunnel', isTunnel, 'method tunnel'],
    ['local_addresses', isFullnat, 'method fullnat'],
    ['client_address', isFullnat, 'method fullnat'],
  ] as const) {
    const given = own[key];
    if (given !== undefined && !fits) report(given.at, failure('file-key-only-with', { key, only, given: method }));
  }
  const { type = 'ipip', port = 0, checksum = 'nocsum' } = (own.tunnel ?? service.tunnel)?.value.value ?? {};
  const tunnel: Tunnel = isTunnel ? { type, port, checksum } : PLAIN_TUNNEL;
  const at = (own.tunnel ?? service.tunnel)?.at;
  if (at !== undefined && isTunnel && type !== 'gue' && port !== 0)
    report(at, failure('file-key-only-with', { key: 'port', only: 'type gue', given: type }));
  if (at !== undefined && isTunnel && type === 'ipip' && checksum !== 'nocsum')
    report(at, failure('file-key-only-with', { key: 'checksum', only: 'type gue or gre', given: type }));
  if (at !== undefined && type === 'gre' && checksum === 'remcsum')
    report(at, failure('file-key-only-with', { key: 'checksum remcsum', only: 'type gue', given: type }));
  const [locals, client] = [own.local_addresses ?? service.local_addresses, own.client_address ?? service.client_address];
  return {
    method,
    tunnel,
    ...(isFullnat && locals !== undefined ? { localAddresses: locals.value } : {}),
    ...(isFullnat && client !== undefined ? { clientAddress: client.value } : {}),
  };
}

/** A refusal of the model, at a place of the file. */
function examined(report: Report, at: Place, examine: () => void): void {
  try {
    examine();
  } catch (error) {
    if (!isWeirError(error)) throw error;
    report(at, { code: error.code, details: error.details });
  }
}

function serverOf(
  { value, at }: ServerEntry,
  service: TableServiceKeys,
  key: ServiceKey,
  report: Report,
): Placed<DestinationSpec> | undefined {
  if (value.address === undefined) return undefined;
  const forwarding = forwardingOf(value, service, report);
  const { address, port: given } = value.address;
  const own = key.kind === 'fwmark' ? 0 : key.port;
  if (given !== undefined && given !== own && key.kind === 'address' && !masquerades(forwarding))
    report(at, failure('file-server-port', { method: forwarding.method, port: own }));
  const spec: DestinationSpec = {
    address,
    port: given ?? own,
    ...forwarding,
    weight: value.weight ?? SERVICE_DEFAULTS.weight,
    upperThreshold: value.upper_threshold ?? 0,
    lowerThreshold: value.lower_threshold ?? 0,
  };
  examined(report, at, () => checkDestination(key, spec));
  return { value: spec, at };
}

function serversOf(keys: TableServiceKeys, key: ServiceKey, report: Report): readonly CheckedServer[] {
  const seen = new Set<string>();
  return (keys.servers ?? []).flatMap((entry): readonly CheckedServer[] => {
    const server = serverOf(entry, keys, key, report);
    if (server === undefined) return [];
    const id = destinationId(server.value);
    if (seen.has(id)) report(entry.at, failure('file-twice', { what: 'the server', name: endpointText(server.value) }));
    seen.add(id);
    const { checks } = entry.value;
    return [{ ...server, ...(checks === undefined ? {} : { checks }) }];
  });
}

/** It has the weight 1 and no checks: it is used when all others are down. */
function sorryServerOf(keys: TableServiceKeys, key: ServiceKey, report: Report): { readonly sorry?: Placed<DestinationSpec> } {
  const { sorry_server: entry } = keys;
  if (entry === undefined) return {};
  for (const name of ['weight', 'checks'] as const)
    if (entry.value[name] !== undefined)
      report(entry.at, failure('file-key-only-with', { key: name, only: 'servers', given: 'sorry_server' }));
  const sorry = serverOf(entry, keys, key, report);
  return sorry === undefined ? {} : { sorry };
}

function serviceOf(key: ServiceKey, { value, at }: Placed<TableServiceKeys>, report: Report): ReadService {
  const scheduler = value.scheduler ?? SERVICE_DEFAULTS.scheduler;
  const spec = {
    key,
    scheduler,
    schedFlags: flagsOf(scheduler, value.flags, report),
    ...persistenceOf(value.persistence, serviceFamily(key), report),
    onePacket: value.one_packet ?? false,
  };
  if (key.kind === 'address' && key.port === 0 && spec.persistence === undefined)
    report(at, failure('file-key-needed', { key: 'persistence', why: 'a service of all ports (port 0)' }));
  if (spec.onePacket && key.kind === 'address' && key.protocol !== 'udp')
    report(at, failure('file-key-only-with', { key: 'one_packet', only: 'services of UDP and of marks', given: key.protocol }));
  const servers = serversOf(value, key, report);
  const destinations = servers.map((server) => server.value);
  examined(report, at, () => checkOnePacket(spec, destinations));
  const { checks } = value;
  const written = { spec, at, servers, ...sorryServerOf(value, key, report), ...(checks === undefined ? {} : { checks }) };
  const checked = virtualServerOf(written, report);
  return { service: { spec, destinations }, ...(checked === undefined ? {} : { checked }) };
}

interface ReadService {
  readonly service: DocumentService;
  /** Where its servers are checked. */
  readonly checked?: VirtualServer;
}

function servicesOf(section: ServicesSection, report: Report): readonly ReadService[] {
  const seen = new Set<string>();
  return section.flatMap(({ name, at, value }): readonly ReadService[] => {
    const key = parseServiceWord(name);
    if (key === undefined) report(at, wrong('a service as tcp:192.0.2.1:80, udp:[2001:db8::1]:53 or mark:5', JSON.stringify(name)));
    if (key === undefined || value === undefined) return [];
    const id = serviceId(key);
    if (seen.has(id)) report(at, failure('file-twice', { what: 'the service', name: serviceWord(key) }));
    seen.add(id);
    return [serviceOf(key, value, report)];
  });
}

const timeoutsOf = ({ value }: TimeoutsSection): Timeouts => ({ tcp: value.tcp ?? 0, tcpFin: value.tcp_fin ?? 0, udp: value.udp ?? 0 });

/** Empty: the file has no section of layer 4. */
export function tableOf(
  { services, timeouts }: { readonly services: ServicesSection | undefined; readonly timeouts: TimeoutsSection | undefined },
  report: Report,
): Pick<WeirFile, 'table' | 'checked'> {
  if (services === undefined && timeouts === undefined) return {};
  const read = services === undefined ? undefined : servicesOf(services, report);
  const checked = read?.flatMap((one) => one.checked ?? []) ?? [];
  const table: TableDocument = {
    ...(read === undefined ? {} : { services: read.map(({ service }) => service) }),
    ...(timeouts === undefined ? {} : { timeouts: timeoutsOf(timeouts) }),
  };
  return { table, ...(checked.length === 0 ? {} : { checked }) };
}
