// A table of virtual services as text, so that keepalived's and weir's compare: what a kernel has after keepalived's requests (ipvs.c
// writes them down), and what weir's maps hold.
import { endpointText } from '../../../src/model/endpoint-text.js';
import type { ForwardingMethod, Protocol, ServiceEntry } from '../../../src/model/service.js';
import { decodeAddress } from '../../../src/wire/address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from '../../../src/wire/bytes.js';
import { type AttributeMap, attributeMap, textOf, u32Of } from '../../../src/wire/netlink.js';

/** By service, `TCP 10.99.0.100:80`: what it is and its destinations: `10.1.0.11:80` → `masq 3`. */
export type Table = ReadonlyMap<string, { readonly settings: string; readonly destinations: ReadonlyMap<string, string> }>;

export const emptyTable: Table = new Map();

/** One line a service, in an order of its own. */
export function tableText(table: Table): readonly string[] {
  const lines = [...table].map(([service, { settings, destinations }]) => {
    const listed = [...destinations].map(([key, value]) => `${key} ${value}`).sort();
    return `${service} ${settings}${listed.length === 0 ? '' : ` → ${listed.join(', ')}`}`;
  });
  return lines.sort();
}

export function tableOf(services: readonly ServiceEntry[]): Table {
  const table = new Map<string, { settings: string; destinations: Map<string, string> }>();
  for (const { spec, destinations } of services) {
    const { key, scheduler, persistence } = spec;
    const name = key.kind === 'fwmark' ? `FWM ${key.mark}` : `${key.protocol.toUpperCase()} ${endpointText(key)}`;
    const settings = persistence === undefined ? scheduler : `${scheduler} persistent ${persistence.timeout}`;
    const listed = destinations.map(({ spec: { method, weight, upperThreshold, lowerThreshold, ...place } }) => {
      const limits = upperThreshold + lowerThreshold === 0 ? '' : ` ${upperThreshold} ${lowerThreshold}`;
      return [endpointText(place), `${method} ${weight}${limits}`] as const;
    });
    table.set(name, { settings, destinations: new Map(listed) });
  }
  return table;
}

/** The kernel's generic netlink commands and attributes for IPVS (linux/ip_vs.h). */
const Command = { newService: 1, setService: 2, delService: 3, newDest: 5, setDest: 6, delDest: 7, setConfig: 12, flush: 17 } as const;
const SERVICE = 1;
const DESTINATION = 2;
const Timeout = { tcp: 4, tcpFin: 5, udp: 6 } as const;
const ServiceAttribute = { protocol: 2, address: 3, port: 4, mark: 5, scheduler: 6, flags: 7, timeout: 8 } as const;
const DestinationAttribute = { address: 1, port: 2, method: 3, weight: 4, upper: 5, lower: 6 } as const;
const PERSISTENT = 1;
const PROTOCOLS: Readonly<Record<number, Protocol>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };
const METHODS: readonly ForwardingMethod[] = ['masq', 'local', 'tunnel', 'route'];

const shortOf = (bytes: Uint8Array | undefined): number => (bytes?.length === 2 ? viewOf(bytes).getUint16(0, little) : 0);
/** Ports are in network order. */
const portOf = (bytes: Uint8Array | undefined): number => (bytes?.length === 2 ? viewOf(bytes).getUint16(0) : 0);
/** Sixteen bytes, of which an IPv4 address uses four. */
function addressText(bytes: Uint8Array | undefined, port: number): string {
  const six = bytes?.subarray(4).some((byte) => byte !== 0) === true;
  const address = decodeAddress(six ? bytes : (bytes?.slice(0, 4) ?? new Uint8Array(4)));
  if (address === undefined) throw new Error('a request without an address');
  return endpointText({ address, port });
}

const nestedIn = (attributes: AttributeMap, type: number): AttributeMap => {
  const map = attributeMap(attributes.get(type) ?? new Uint8Array());
  if (map === undefined) throw new Error('attributes that do not fit');
  return map;
};

function serviceOf(attributes: AttributeMap): { readonly name: string; readonly settings: string } {
  const service = nestedIn(attributes, SERVICE);
  const at = (type: keyof typeof ServiceAttribute) => service.get(ServiceAttribute[type]);
  const mark = u32Of(at('mark')) ?? 0;
  const protocol = PROTOCOLS[shortOf(at('protocol'))] ?? '?';
  const name = mark !== 0 ? `FWM ${mark}` : `${protocol.toUpperCase()} ${addressText(at('address'), portOf(at('port')))}`;
  const flags = at('flags');
  const persistent = flags !== undefined && (viewOf(flags).getUint32(0, little) & PERSISTENT) !== 0;
  return { name, settings: `${textOf(at('scheduler'))}${persistent ? ` persistent ${u32Of(at('timeout'))}` : ''}` };
}

function destinationOf(attributes: AttributeMap): { readonly key: string; readonly value: string } {
  const destination = nestedIn(attributes, DESTINATION);
  const at = (type: keyof typeof DestinationAttribute) => destination.get(DestinationAttribute[type]);
  const number = (type: keyof typeof DestinationAttribute): number => u32Of(at(type)) ?? 0;
  const limits = number('upper') + number('lower') === 0 ? '' : ` ${number('upper')} ${number('lower')}`;
  const value = `${METHODS[number('method') & 7] ?? '?'} ${number('weight')}${limits}`;
  return { key: addressText(at('address'), portOf(at('port'))), value };
}

/** What a kernel answers to a request, and the table after it. */
export class KernelTable {
  #table: Table = emptyTable;
  /** Of `ipvsadm --set`: TCP, TCP FIN, UDP, in seconds. */
  timeouts = '900 120 300';

  get table(): Table {
    return this.#table;
  }

  /** `words`: the command's number and its attributes in hex. @throws Error where a kernel would refuse it */
  take(words: readonly string[]): void {
    const [command = '', hex = ''] = words;
    const attributes = attributeMap(Uint8Array.from(Buffer.from(hex, 'hex')));
    if (attributes === undefined) throw new Error(`a request that cannot be read: ${words.join(' ')}`);
    const number = Number(command);
    if (number === Command.flush) this.#table = emptyTable;
    else if (number === Command.setConfig) {
      this.timeouts = [Timeout.tcp, Timeout.tcpFin, Timeout.udp].map((type) => u32Of(attributes.get(type))).join(' ');
    } else if (number >= Command.newService && number <= Command.delService) this.#service(number, attributes);
    else if (number >= Command.newDest && number <= Command.delDest) this.#destination(number, attributes);
  }

  #service(command: number, attributes: AttributeMap): void {
    const { name, settings } = serviceOf(attributes);
    const before = this.#table.get(name);
    this.#accept(command === Command.newService, before !== undefined, name);
    const next = new Map(this.#table);
    if (command === Command.delService) next.delete(name);
    else next.set(name, { settings, destinations: before?.destinations ?? new Map() });
    this.#table = next;
  }

  #destination(command: number, attributes: AttributeMap): void {
    const { name } = serviceOf(attributes);
    const { key, value } = destinationOf(attributes);
    const service = this.#table.get(name);
    if (service === undefined) throw new Error(`no such service: ${name}`);
    this.#accept(command === Command.newDest, service.destinations.has(key), `${name} → ${key}`);
    const destinations = new Map(service.destinations);
    if (command === Command.delDest) destinations.delete(key);
    else destinations.set(key, value);
    this.#table = new Map(this.#table).set(name, { ...service, destinations });
  }

  #accept(isNew: boolean, present: boolean, what: string): void {
    if (isNew === present) throw new Error(`a kernel would refuse this: ${what} is ${present ? 'there already' : 'not there'}`);
  }
}
