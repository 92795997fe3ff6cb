// Reads the table: services, destinations, counters, connections.
import type { ConnectionEntry, DestinationEntry, DestinationSpec, ServiceEntry, Stats } from '../../model/service.js';
import { swap16 } from '../../wire/bytes.js';
import { Abi, Conf, Counters, Dest, Estimate, Service, WeirState } from './abi.gen.js';
import { clockDifference, secondsOf } from './clock.js';
import { methodName, modelAddress, protocolName, specOfService } from './identity.js';
import { destinationIds } from './service-list.js';
import type { Tables } from './tables.js';
import { stateName } from './timeouts.js';

const DEST_BITS = (1 << (Abi.V_METHOD_SHIFT - Abi.V_DEST_SHIFT)) - 1;

/** A line of counters as a person sees it: less what was hidden, rates scaled back as the kernel does. */
export function statsOf({ estimates }: Tables, record: number): Stats {
  const count = (k: number): bigint => estimates.big(record, Estimate.shown, k) - estimates.big(record, Estimate.zero, k);
  const hidden = estimates.get(record, Estimate.zeroAsked) !== estimates.get(record, Estimate.zeroDone);
  const rate = (k: number): bigint => {
    if (hidden) return 0n;
    const scaled = estimates.big(record, Estimate.rate, k);
    return k < 3 ? (scaled + 0x1ffn) >> 10n : (scaled + 0xfn) >> 5n;
  };
  return {
    conns: count(0),
    inPackets: count(1),
    outPackets: count(2),
    inBytes: count(3),
    outBytes: count(4),
    connRate: rate(0),
    inPacketRate: rate(1),
    outPacketRate: rate(2),
    inByteRate: rate(3),
    outByteRate: rate(4),
  };
}

/** What each CPU has counted since loading; rates are not kept by CPU. */
export function cpuTotals({ counters, conf }: Tables): Stats[] {
  const cpus = conf.get(0, Conf.cpus);
  const none = { connRate: 0n, inPacketRate: 0n, outPacketRate: 0n, inByteRate: 0n, outByteRate: 0n };
  return Array.from({ length: cpus }, (_, cpu) => {
    const sums = { conns: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n };
    for (let dest = 1; dest <= conf.get(0, Conf.destTop); dest++) {
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counters.big(dest * cpus + cpu, Counters[name]);
    }
    return { ...sums, ...none };
  });
}

function specOfDestination({ dests }: Tables, id: number): DestinationSpec {
  return {
    address: modelAddress(dests.get(id, Dest.addr)),
    port: swap16(dests.get(id, Dest.port)),
    method: methodName(dests.get(id, Dest.method)),
    weight: dests.get(id, Dest.weight),
    upperThreshold: dests.get(id, Dest.upper),
    lowerThreshold: dests.get(id, Dest.lower),
    tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
  };
}

function destinationEntry(tables: Tables, id: number): DestinationEntry {
  const { dests, conf } = tables;
  return {
    spec: specOfDestination(tables, id),
    active: dests.get(id, Dest.active),
    inactive: dests.get(id, Dest.inactive),
    persistent: dests.get(id, Dest.persistent),
    stats: statsOf(tables, conf.get(0, Conf.maxServices) + id),
  };
}

export function serviceEntry(tables: Tables, id: number): ServiceEntry {
  return {
    spec: specOfService(tables.services, id),
    stats: statsOf(tables, id),
    destinations: destinationIds(tables, id).map((dest) => destinationEntry(tables, dest)),
  };
}

/** All services, the newest first. */
export function serviceEntries(tables: Tables): ServiceEntry[] {
  const { services, conf } = tables;
  const ids: number[] = [];
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) if (services.get(id, Service.state) === WeirState.LIVE) ids.push(id);
  ids.sort((a, b) => services.get(b, Service.order) - services.get(a, Service.order));
  return ids.map((id) => serviceEntry(tables, id));
}

/** Makes something for an id once. */
function remembering<T>(make: (id: number) => T): (id: number) => T {
  const made = new Map<number, T>();
  return (id) => {
    let value = made.get(id);
    if (value === undefined) {
      value = make(id);
      made.set(id, value);
    }
    return value;
  };
}

/** The connections that are alive at `now`, in the table's order. */
export function* connectionEntries(tables: Tables, now: number): Generator<ConnectionEntry> {
  const words = tables.conns();
  const { services, dests, conf } = tables;
  const hz = conf.get(0, Conf.hz);
  const protocolOf = remembering((id) => protocolName(services.get(id, Service.protocol)).toUpperCase());
  const virtualOf = remembering((id) => ({
    address: modelAddress(services.get(id, Service.addr)),
    port: swap16(services.get(id, Service.port)),
  }));
  const destinationOf = remembering((id) => ({ address: modelAddress(dests.get(id, Dest.addr)), port: swap16(dests.get(id, Dest.port)) }));
  for (let at = 0; at < words.length; at += 4) {
    const high = words[at + 3] ?? 0;
    const dest = high & DEST_BITS;
    if (dest === 0 || dest === DEST_BITS) continue;
    const left = clockDifference(words[at + 2] ?? 0, now);
    if (left < 0) continue;
    const keyHigh = words[at + 1] ?? 0;
    const service = keyHigh >>> 16;
    yield {
      protocol: protocolOf(service),
      client: { address: modelAddress(words[at] ?? 0), port: swap16(keyHigh & 0xffff) },
      virtual: virtualOf(service),
      destination: destinationOf(dest),
      state: stateName((high >>> (Abi.V_STATE_SHIFT - 32)) & 15),
      expires: Math.floor(secondsOf(left, hz)),
    };
  }
}
