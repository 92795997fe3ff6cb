// The dictionary of one connection of weir's own stream: services and destinations are sent once, by their endpoints, and items name a destination by
// its number, which is its place in the order of sending.
//
//     service       kind: 0 = mark, 1 = address · then  family (1), mark (4)  or  protocol of IP (1), family (1), address (4 or 16), port (2)
//     destination   number of its service (2) · method (1) · family (1), address (4 or 16), port (2)
import type { Family } from '../../model/address.js';
import { destinationId, serviceFamily, serviceId } from '../../model/identity.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import type { DestinationKey, ForwardingMethod, Protocol, ServiceKey } from '../../model/service.js';
import { swap32 } from '../bytes.js';
import type { StreamReader, StreamWriter } from './stream-bytes.js';
import { textHash } from './stream-hash.js';
import { StreamLayout, type StreamRefusal } from './stream-record.js';

/** In the order of their numbers. */
const METHODS: readonly ForwardingMethod[] = ['masq', 'local', 'tunnel', 'route', 'fullnat'];

/** One destination. Its sender has an object for each, by which it knows the number. */
export class DictionaryDestination {
  /** Of its service's clients. */
  readonly family: Family;
  /** The service's address, if it has one, as of StreamItem. */
  readonly serviceWords: readonly number[];
  /** Of its name. */
  readonly hash: number;

  constructor(
    readonly service: ServiceKey,
    readonly key: DestinationKey,
    readonly method: ForwardingMethod,
  ) {
    this.family = serviceFamily(service);
    this.serviceWords = service.kind === 'fwmark' ? [] : service.address.words.map(swap32);
    this.hash = textHash(this.name);
  }

  /** The same for both sides. */
  get name(): string {
    return `${serviceId(this.service)} ${destinationId(this.key)} ${this.method}`;
  }
}

const [MARK, ADDRESS] = [0, 1];

export const protocolNamed = (number: number): Protocol | undefined =>
  (['tcp', 'udp', 'sctp'] as const).find((name) => IpProtocol[name] === number);

function writeService(writer: StreamWriter, key: ServiceKey): void {
  writer.u8(key.kind === 'fwmark' ? MARK : ADDRESS);
  if (key.kind === 'fwmark') {
    writer.u8(key.family === 'inet' ? 4 : 6);
    writer.u32(key.mark);
  } else {
    writer.u8(IpProtocol[key.protocol]);
    writer.endpoint(key);
  }
}

/** undefined: it is no service. */
function readService(reader: StreamReader): ServiceKey | undefined {
  const kind = reader.u8();
  if (kind === MARK) {
    const [family, mark] = [reader.family(), reader.u32()];
    return reader.failed || mark === 0 ? undefined : { kind: 'fwmark', family, mark };
  }
  const protocol = protocolNamed(reader.u8());
  const endpoint = reader.endpoint();
  return reader.failed || kind !== ADDRESS || protocol === undefined ? undefined : { kind: 'address', protocol, ...endpoint };
}

/** What goes before an item: frames of what the receiver does not have yet. */
export interface DictionaryFrames {
  readonly forget: () => void;
  readonly service: (write: (writer: StreamWriter) => void) => void;
  readonly destination: (write: (writer: StreamWriter) => void) => void;
}

/** The sender's side. */
export class SendDictionary {
  readonly #services = new Map<string, number>();
  readonly #destinations = new Map<string, number>();
  /** The same numbers by object. Two may be of one destination. */
  readonly #known = new Map<DictionaryDestination, number>();

  constructor(readonly frames: DictionaryFrames) {}

  /** The number of a destination. A dictionary that is full begins again. */
  numberOf(destination: DictionaryDestination): number {
    return this.#known.get(destination) ?? this.#know(destination);
  }

  #know(destination: DictionaryDestination): number {
    if (this.#known.size >= StreamLayout.destinationsMax) this.#known.clear();
    const number = this.#numberOf(destination);
    this.#known.set(destination, number);
    return number;
  }

  #numberOf({ name, service, key, method }: DictionaryDestination): number {
    const known = this.#destinations.get(name);
    if (known !== undefined) return known;
    if (this.#destinations.size >= StreamLayout.destinationsMax || this.#services.size >= StreamLayout.servicesMax) {
      for (const map of [this.#destinations, this.#services, this.#known]) map.clear();
      this.frames.forget();
    }
    const serviceNumber = this.#serviceNumber(service);
    const number = this.#destinations.size;
    this.#destinations.set(name, number);
    this.frames.destination((writer) => {
      writer.u16(serviceNumber);
      writer.u8(METHODS.indexOf(method));
      writer.endpoint(key);
    });
    return number;
  }

  #serviceNumber(key: ServiceKey): number {
    const name = serviceId(key);
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const number = this.#services.size;
    this.#services.set(name, number);
    this.frames.service((writer) => writeService(writer, key));
    return number;
  }
}

/** The receiver's side. Its size is bounded, whatever a sender does. */
export class ReceiveDictionary {
  #services: ServiceKey[] = [];
  #destinations: DictionaryDestination[] = [];

  /** By number. After clear() it is another one, so that items that wait keep theirs. */
  get destinations(): readonly DictionaryDestination[] {
    return this.#destinations;
  }

  clear(): void {
    this.#services = [];
    this.#destinations = [];
  }

  /** Why an entry is refused; undefined: it was taken. */
  readService(reader: StreamReader): StreamRefusal | undefined {
    if (this.#services.length >= StreamLayout.servicesMax) return 'dictionary-full';
    const key = readService(reader);
    if (key === undefined) return 'dictionary-entry';
    this.#services.push(key);
    return undefined;
  }

  readDestination(reader: StreamReader): StreamRefusal | undefined {
    if (this.#destinations.length >= StreamLayout.destinationsMax) return 'dictionary-full';
    const service = this.#services[reader.u16()];
    const method = METHODS[reader.u8()];
    const key = reader.endpoint();
    if (service === undefined) return 'dictionary-number';
    if (reader.failed || method === undefined) return 'dictionary-entry';
    this.#destinations.push(new DictionaryDestination(service, key, method));
    return undefined;
  }
}
