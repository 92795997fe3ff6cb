// The textbook balancer (textbook.bpf.c) as an object: loaded, filled with the same services as weir, and asked for its counters.

import { native } from '../src/sys/addon.js';
import { type BpfMap, ObjectFile, type Program } from '../src/sys/bpf/bpf-objects.js';
import { type StationService, stationServices } from './program-stations.js';

const TCP = 6;
const SERVICE_SIZE = 24;
const DESTINATION_SIZE = 8;
const COUNTERS_SIZE = 24;

/** struct endpoint, the key of `services` and `replies`. */
const endpointBytes = (address: number, port: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, address);
  view.setUint16(4, port);
  view.setUint16(6, TCP, true);
  return bytes;
};

const indexBytes = (index: number): Uint8Array => new Uint8Array(new Uint32Array([index]).buffer);

const serviceBytes = (service: StationService, first: number, destinations: number): Uint8Array => {
  const bytes = new Uint8Array(SERVICE_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, service.id, true);
  view.setUint32(4, service.address);
  view.setUint32(8, first, true);
  view.setUint32(12, destinations, true);
  view.setUint16(20, service.port);
  view.setUint16(22, service.method === 'masq' ? 1 : 0, true);
  return bytes;
};

const destinationBytes = (address: number, port: number): Uint8Array => {
  const bytes = new Uint8Array(DESTINATION_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, address);
  view.setUint16(4, port);
  return bytes;
};

export class Textbook {
  readonly #object: ObjectFile;
  readonly #counts: BpfMap;
  readonly program: Program;

  /** `path`: the compiled object. `places`: of the LRU_HASH that holds the connections. */
  constructor(path: string, places: number) {
    this.#object = new ObjectFile(path).mapEntries('connections', places).load();
    this.program = this.#object.program('textbook');
    this.#counts = this.#object.map('counts');
    this.#fill();
  }

  /** Destinations stand newest first, as IPVS's rr takes them; those of weight 0 get no connection and are left out. */
  #fill(): void {
    const [services, replies, destinations] = [this.#object.map('services'), this.#object.map('replies'), this.#object.map('destinations')];
    let next = 0;
    for (const service of stationServices) {
      const { address, port, method } = service;
      const usable = service.destinations.filter(({ weight }) => weight > 0).reverse();
      const bytes = serviceBytes(service, next, usable.length);
      services.update(endpointBytes(address, port), bytes);
      for (const destination of usable) {
        destinations.update(indexBytes(next), destinationBytes(destination.address, port));
        if (method === 'masq') replies.update(endpointBytes(destination.address, port), bytes);
        next += 1;
      }
    }
    for (const map of [services, replies, destinations]) map.close();
  }

  /** Packets forwarded both ways, and connections opened, of all services. */
  counted(): { readonly packets: number; readonly connections: number } {
    const records = new BigUint64Array((native().possibleCpus() * COUNTERS_SIZE) / 8);
    let [packets, connections] = [0, 0];
    for (const { id } of stationServices) {
      this.#counts.lookup(indexBytes(id), new Uint8Array(records.buffer));
      for (let at = 0; at < records.length; at += 3) {
        packets += Number(records[at] ?? 0n);
        connections += Number(records[at + 2] ?? 0n);
      }
    }
    return { packets, connections };
  }

  close(): void {
    this.program.close();
    this.#counts.close();
    this.#object.close();
  }
}
