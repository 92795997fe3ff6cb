// A short name for a table: equal for the same services, servers and timeouts, whatever their order and their connections.
import { addressId, destinationId, serviceId } from '../../model/identity.js';
import type { DestinationSpec, ServiceSpec } from '../../model/service.js';
import { sha256 } from '../../wire/sha256.js';
import type { TableFacts } from './table-facts.js';

/** Bytes of the digest that are written. */
const BASE_BYTES = 8;

const textOfServer = (spec: DestinationSpec): string => {
  const { method, weight, upperThreshold, lowerThreshold, tunnel, localAddresses = [], clientAddress } = spec;
  const tunnelled = method === 'tunnel' ? [tunnel.type, tunnel.port, tunnel.checksum] : [];
  const settings = [method, weight, upperThreshold, lowerThreshold, ...tunnelled, localAddresses.map(addressId), clientAddress ?? ''];
  return `${destinationId(spec)} ${settings.join(' ')}`;
};

/** A reader that reads again and again has the same objects for what did not change. */
const serverTexts = new WeakMap<DestinationSpec, string>();

function serverText(spec: DestinationSpec): string {
  const kept = serverTexts.get(spec);
  if (kept !== undefined) return kept;
  const text = textOfServer(spec);
  serverTexts.set(spec, text);
  return text;
}

const serviceText = ({ key, scheduler, schedFlags, onePacket, persistence, idleEngine = '' }: ServiceSpec): string => {
  const kept = persistence === undefined ? idleEngine : `${persistence.timeout} ${persistence.netmask} ${persistence.engine ?? ''}`;
  return `${serviceId(key)} ${scheduler} ${schedFlags} ${onePacket} ${kept}`;
};

interface Kept {
  readonly servers: readonly DestinationSpec[];
  readonly text: string;
}

/** The same, by the service's specification. */
const texts = new WeakMap<ServiceSpec, Kept>();

/** All that is configured of a service and its servers: equal where nothing but the servers' order differs. */
export function configuredText(spec: ServiceSpec, servers: readonly DestinationSpec[]): string {
  const kept = texts.get(spec);
  if (kept?.servers.length === servers.length && kept.servers.every((one, index) => one === servers[index])) return kept.text;
  const text = [serviceText(spec), ...servers.map(serverText).sort()].join('\n');
  texts.set(spec, { servers, text });
  return text;
}

/** Of what the document may own: services of others do not count. `digestOf`: SHA-256, where there is a faster one. */
export function tableBase(
  { present, owners, timeouts }: Pick<TableFacts, 'present' | 'owners' | 'timeouts'>,
  digestOf: (bytes: Uint8Array) => Uint8Array = sha256,
): string {
  const services = [...present].filter(([id]) => !owners.has(id));
  const lines = services.map(([, { spec, destinations }]) => configuredText(spec, destinations));
  const times = `${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}`;
  const digest = digestOf(new TextEncoder().encode([times, ...lines.sort()].join('\n\n')));
  return [...digest.subarray(0, BASE_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
