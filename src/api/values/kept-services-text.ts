// Services as JSON, some together: their text is what it was as long as nothing of them changed, and to see that costs a fraction of writing it.
import { serviceName } from '../../control/virtual-server/names.js';
import type { DestinationEntry, ServiceEntry, ServiceSpec, Stats } from '../../model/service.js';
import { type HealthByName, serviceValue } from './service-value.js';

type Health = ReturnType<HealthByName['get']>;

interface Kept {
  readonly services: readonly ServiceEntry[];
  readonly healths: readonly Health[];
  readonly text: string;
}

const sameStats = (a: Stats, b: Stats): boolean =>
  a === b ||
  (a.conns === b.conns &&
    a.inPackets === b.inPackets &&
    a.outPackets === b.outPackets &&
    a.inBytes === b.inBytes &&
    a.outBytes === b.outBytes &&
    a.connRate === b.connRate &&
    a.inPacketRate === b.inPacketRate &&
    a.outPacketRate === b.outPacketRate &&
    a.inByteRate === b.inByteRate &&
    a.outByteRate === b.outByteRate);

const sameDestination = (a: DestinationEntry, b: DestinationEntry): boolean =>
  a === b ||
  (a.spec === b.spec &&
    a.active === b.active &&
    a.inactive === b.inactive &&
    a.persistent === b.persistent &&
    (a.held === undefined) === (b.held === undefined) &&
    a.held?.weight === b.held?.weight &&
    sameStats(a.stats, b.stats));

const sameEntry = (a: ServiceEntry, b: ServiceEntry): boolean =>
  a === b ||
  (a.spec === b.spec &&
    a.destinations.length === b.destinations.length &&
    sameStats(a.stats, b.stats) &&
    a.destinations.every((one, index) => sameDestination(one, b.destinations[index] as DestinationEntry)));

/** What daemons publish is read again and again: equal, but other objects. */
const sameHealth = (a: Health, b: Health): boolean =>
  a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b));

/** By the first of them: it is gone with its table. */
const texts = new WeakMap<ServiceSpec, Kept>();

/** With commas between them. */
export function keptServicesText(services: readonly ServiceEntry[], byName: HealthByName): string {
  const [first] = services;
  if (first === undefined) return '';
  const healths = services.map(({ spec }) => byName.get(serviceName(spec.key)));
  const kept = texts.get(first.spec);
  const isSame =
    kept?.services.length === services.length &&
    kept.services.every((one, index) => sameEntry(one, services[index] as ServiceEntry)) &&
    kept.healths.every((one, index) => sameHealth(one, healths[index]));
  const text = isSame ? kept.text : services.map((one) => JSON.stringify(serviceValue(one, byName))).join(',');
  texts.set(first.spec, { services, healths, text });
  return text;
}
