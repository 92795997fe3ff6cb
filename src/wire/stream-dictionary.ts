// The dictionary of one connection of weir's own stream: services and destinations are sent once, by their endpoints, and items name a destination by
// its number, which is its place in the order of sending.
//
//     service       kind: 0 = mark, 1 = address · then  family (1), mark (4)  or  protocol of IP (1), family (1), address (4 or 16), port (2)
//     destination   number of its service (2) · method (1) · family (1), address (4 or 16), port (2)
import { destinationId, serviceFamily, serviceId } from '../model/identity.js';
import { IpProtocol } from '../model/ip-protocol.js';
import type { DestinationKey, ForwardingMethod, Protocol, ServiceKey } from '../model/service.js';
import type { StreamReader, StreamWriter } from './stream-bytes.js';
import { StreamLayout, type StreamRefusal } from './stream-record.js';

/** In the order of their numbers. */
const METHODS: readonly ForwardingMethod[] = ['masq', 'local', 'tunnel', 'route', 'fullnat'];

export interface DictionaryDestination {
  readonly service: ServiceKey;
  readonly key: DestinationKey;
  readonly method: ForwardingMethod;
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

/** What `add` did: frames to be sent before the item. */
export interface DictionaryFrames {
  readonly forget: () => void;
  readonly service: (write: (writer: StreamWriter) => void) => void;
  readonly destination: (write: (writer: StreamWriter) => void) => void;
}

/** The sender's side. */
export class SendDictionary {
  readonly #services = new Map<string, number>();
  readonly #destinations = new Map<string, number>();

  /** The number of a destination. `frames`: gets what the receiver does not have yet; a dictionary that is full begins again. */
  numberOf({ service, key, method }: DictionaryDestination, frames: DictionaryFrames): number {
    const name = `${serviceId(service)} ${destinationId(key)} ${method}`;
    const known = this.#destinations.get(name);
    if (known !== undefined) return known;
    if (this.#destinations.size >= StreamLayout.destinationsMax || this.#services.size >= StreamLayout.servicesMax) {
      this.#destinations.clear();
      this.#services.clear();
      frames.forget();
    }
    const serviceNumber = this.#serviceNumber(service, frames);
    const number = this.#destinations.size;
    this.#destinations.set(name, number);
    frames.destination((writer) => {
      writer.u16(serviceNumber);
      writer.u8(METHODS.indexOf(method));
      writer.endpoint(key);
    });
    return number;
  }

  #serviceNumber(key: ServiceKey, frames: DictionaryFrames): number {
    const name = serviceId(key);
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const number = this.#services.size;
    this.#services.set(name, number);
    frames.service((writer) => writeService(writer, key));
    return number;
  }
}

/** The receiver's side. Its size is bounded, whatever a sender does. */
export class ReceiveDictionary {
  readonly #services: ServiceKey[] = [];
  readonly #destinations: DictionaryDestination[] = [];

  clear(): void {
    this.#services.length = 0;
    this.#destinations.length = 0;
  }

  destination(number: number): DictionaryDestination | undefined {
    return this.#destinations[number];
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
    this.#destinations.push({ service, key, method });
    return undefined;
  }
}

/** Of a service's clients. */
export const familyOf = ({ service }: DictionaryDestination): 'inet' | 'inet6' => serviceFamily(service);
