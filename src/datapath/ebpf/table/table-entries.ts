// Reads the table: services, destinations, counters, connections. Beside a writer it needs no lock for whole records, because each
// change has one store that makes it true: a service is there while its record is LIVE and its order is the same, a destination while it
// is in the list; an edit, a flush and new timeouts are true from the moment when they are written down (intent.ts). whole-read.ts
// makes sure that many records are of one moment.
import type { Address } from '../../../model/address.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { SIP } from '../../../model/persistence-engine.js';
import type {
  ConnectionEntry,
  DestinationEntry,
  DestinationKey,
  DestinationSpec,
  ServiceEntry,
  ServiceKey,
  Stats,
  Timeouts,
} from '../../../model/service.js';
import { Records } from '../../../sys/bpf/records.js';
import { swap16 } from '../../../wire/bytes.js';
import { Abi, Conf, ConnSlot, Counters, Dest, Estimate, Service, WeirState } from '../abi.gen.js';
import { descriptionOf, intendedTimeouts, isFlushing } from '../recovery/intent.js';
import { WideTuple } from '../wide.gen.js';
import { Wide6Rest } from '../wide6.gen.js';
import { destBefore, slotFromBefore } from './before.js';
import { clockDifference, secondsOf } from './clock.js';
import type { EndpointTable } from './endpoint-table.js';
import { isRecordedFtp, isRecordedWide, methodName, protocolName, serviceEndpoint, specOfService } from './identity.js';
import { isIpv6, modelAddress, recordedAddress } from './record-address.js';
import { destinationIds } from './service-list.js';
import {
  type ConnectionWords,
  IPV6_PINS,
  SCTP_PINS,
  SCTP6_PINS,
  type Tables,
  WIDE_PINS,
  WIDE_SCTP_PINS,
  WIDE_SCTP6_PINS,
  WIDE6_PINS,
} from './tables.js';
import { takenTemplates } from './templates.js';
import { ESTABLISHED, FIN_WAIT, stateName } from './timeouts.js';

/** A connection as 32-bit words. */
export const [SLOT_WORDS, KEY_WORD, VALUE_WORD] = [ConnSlot.bytes / 4, ConnSlot.key.at / 4, ConnSlot.value.at / 4];

/** The destination in the upper half of a value; 0: the slot is free. */
export const destOf = (valueHigh: number): number => (valueHigh >>> (Abi.V_DEST_SHIFT - 32)) & Abi.V_DEST_MASK;

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

/** Seconds. */
export function timeoutsOf(tables: Tables): Timeouts {
  const { conf } = tables;
  const hz = conf.get(0, Conf.hz);
  const intended = intendedTimeouts(tables);
  const seconds = (intent: number | undefined, units: number): number => Math.round(secondsOf(intent || units, hz));
  return {
    tcp: seconds(intended?.tcp, conf.get(0, Conf.tcpTimeout, ESTABLISHED)),
    tcpFin: seconds(intended?.tcpFin, conf.get(0, Conf.tcpTimeout, FIN_WAIT)),
    udp: seconds(intended?.udp, conf.get(0, Conf.udpTimeout)),
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

/** The specification of a destination by its record. @throws WeirError table-unknown-number */
export function specOfDestination(tables: Tables, id: number): DestinationSpec {
  const { dests } = tables;
  const { method, weight, upper, lower } = descriptionOf(tables, id);
  return {
    address: recordedAddress(dests, Dest, id),
    port: swap16(dests.get(id, Dest.port)),
    method: methodName(method),
    weight,
    upperThreshold: upper,
    lowerThreshold: lower,
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

/** A service with its destinations and counters, as its records are now. @throws WeirError table-unknown-number */
export function serviceEntry(tables: Tables, id: number): ServiceEntry {
  return {
    spec: specOfService(tables.services, id),
    stats: statsOf(tables, id),
    // One that is removed and added again, while a list is walked, comes twice.
    destinations: [...new Set(destinationIds(tables, id))].map((dest) => destinationEntry(tables, dest)),
  };
}

/** The id of a service that is there; what the table cannot hold yet is not there. @throws WeirError service-missing */
export function liveService(tables: Tables, endpoints: EndpointTable, key: ServiceKey): number {
  const id = endpoints.find(serviceEndpoint(tables, key));
  if (id === 0 || tables.services.get(id, Service.state) !== WeirState.LIVE) throw new WeirError('service-missing');
  return id;
}

/** A live service whose record was not reused meanwhile; undefined: it is not there. */
function liveEntry(tables: Tables, id: number): ServiceEntry | undefined {
  const { services } = tables;
  for (;;) {
    const order = services.atomic(id, Service.order);
    if (services.get(id, Service.state) !== WeirState.LIVE) return undefined;
    const entry = serviceEntry(tables, id);
    if (services.get(id, Service.state) === WeirState.LIVE && services.atomic(id, Service.order) === order) return entry;
  }
}

/** All services, the newest first. */
export function serviceEntries(tables: Tables): ServiceEntry[] {
  const { services, conf } = tables;
  const found: { readonly order: number; readonly entry: ServiceEntry }[] = [];
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    const order = services.get(id, Service.order);
    const entry = liveEntry(tables, id);
    if (entry !== undefined) found.push({ order, entry });
  }
  if (isFlushing(tables)) return [];
  return found.sort((a, b) => b.order - a.order).map(({ entry }) => entry);
}

/** In the listing of a template, as the kernel's: the mark stands in the address's place, of IPv6 in its first four bytes. */
const markAddress = (mark: number, ipv6: boolean): Address =>
  ipv6 ? { family: 'inet6', words: [mark, 0, 0, 0] } : { family: 'inet', words: [mark] };

/** The templates of persistent services, as connections of state NONE or ASSURED, without ports. */
function* templateEntries(tables: Tables, now: number): Generator<ConnectionEntry> {
  const { services, dests, conf } = tables;
  const [virtualOf, destinationOf] = [endpointsOf(services, Service), endpointsOf(dests, Dest)];
  for (const { client, service, dest, assured, expires, call } of takenTemplates(tables)) {
    const mark = services.get(service, Service.mark);
    // As the kernel's: one of all ports has none, and so has one of FTP.
    const virtualPorts = isRecordedFtp(tables, service) ? { port: 0 } : {};
    const serverPorts = isRecordedWide(tables, service) ? { port: 0 } : virtualPorts;
    yield {
      protocol: mark === 0 ? protocolName(services.get(service, Service.protocol)).toUpperCase() : 'IP',
      client: { address: modelAddress(...client), port: 0 },
      virtual:
        mark === 0
          ? { ...virtualOf(service), ...virtualPorts }
          : { address: markAddress(mark, isIpv6(services, Service, service)), port: 0 },
      destination: { ...destinationOf(dest), ...serverPorts },
      state: assured ? 'ASSURED' : 'NONE',
      // One that expired stays for moments, until it is known whether connections hold it.
      expires: Math.max(0, Math.floor(secondsOf(clockDifference(expires, now), conf.get(0, Conf.hz)))),
      ...(call === undefined ? {} : { engine: { name: SIP, data: call } }),
    };
  }
}

/** The endpoint of a record, made once for each of IPv4; its number may become another endpoint's during a slow listing. */
function endpointsOf(records: Records, record: typeof Service | typeof Dest): (id: number) => DestinationKey {
  const { addr, port } = record;
  const made: { readonly addr: number; readonly port: number; readonly endpoint: DestinationKey }[] = [];
  return (id) => {
    const [addrNow, portNow] = [records.get(id, addr), records.get(id, port)];
    const known = made[id];
    if (known?.addr === addrNow && known.port === portNow) return known.endpoint;
    const endpoint = { address: recordedAddress(records, record, id), port: swap16(portNow) };
    if (!isIpv6(records, record, id)) made[id] = { addr: addrNow, port: portNow, endpoint };
    return endpoint;
  };
}

/** The destination in the upper half of a value. */
const destIn = (before: boolean): ((valueHigh: number) => number) => (before ? destBefore : destOf);

/** Slots of a table that are not free. `bucketWords`: how many a bucket has. */
export function countTaken({ words, before }: ConnectionWords, bucketWords: number): number {
  const dest = destIn(before);
  let count = 0;
  for (let bucket = 0; bucket < words.length; bucket += bucketWords)
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) if (dest(words[bucket + k * SLOT_WORDS + VALUE_WORD + 1] ?? 0) !== 0) count += 1;
  return count;
}

/** One slot, whole, by the rule of abi.h: key, value, key. undefined: it is free, or was taken by another connection meanwhile. */
function readSlot({ words, before }: ConnectionWords, at: number): readonly [number, number, number, number] | undefined {
  const key = (half: 0 | 1): number => Atomics.load(words, at + KEY_WORD + half);
  const value = (half: 0 | 1): number => Atomics.load(words, at + VALUE_WORD + half);
  const [keyLow, keyHigh] = [key(0), key(1)];
  for (;;) {
    const valueHigh = value(1);
    const dest = destIn(before)(valueHigh);
    if (dest === 0 || dest === Abi.CLAIMED) return undefined;
    const valueLow = value(0);
    if (key(0) !== keyLow || key(1) !== keyHigh) return undefined;
    if (value(1) !== valueHigh) continue;
    return before ? slotFromBefore([keyLow, keyHigh, valueLow, valueHigh]) : [keyLow, keyHigh, valueLow, valueHigh];
  }
}

/**
 * The words beside a slot, four from each of the bucket's further lines: of an IPv6 connection its client's address, of a service of all ports'
 * a WideTuple, of an IPv6 one the client's address, the virtual one and a Wide6Rest.
 */
interface Beside {
  readonly what: 'client' | 'tuple' | 'client and tuple';
  readonly words: readonly number[];
}

/** How many further lines there are. */
const LINES_BESIDE: Readonly<Record<Beside['what'], number>> = { client: 1, tuple: 1, 'client and tuple': 3 };

/** A slot that names a connection: its words, and what is beside it. */
type TakenSlot = readonly [...NonNullable<ReturnType<typeof readSlot>>, beside?: Beside];

const LINE_WORDS = Abi.BUCKET_SLOTS * SLOT_WORDS;

/** One slot, whole, of a table whose buckets have further lines. undefined: as readSlot(). */
function readSlotBeside(table: ConnectionWords, bucket: number, k: number, what: Beside['what']): TakenSlot | undefined {
  for (;;) {
    const before = readSlot(table, bucket + k * SLOT_WORDS);
    const words = Array.from({ length: LINES_BESIDE[what] * SLOT_WORDS }, (_, word) => {
      const [line, at] = [1 + Math.floor(word / SLOT_WORDS), word % SLOT_WORDS];
      return Atomics.load(table.words, bucket + line * LINE_WORDS + k * SLOT_WORDS + at);
    });
    const after = readSlot(table, bucket + k * SLOT_WORDS);
    if (before === undefined || after === undefined) return undefined;
    // Another connection in the same slot has another key, or was made later.
    if (before.every((word, i) => word === after[i])) return [...before, { what, words }];
  }
}

function* livingSlotsBeside(table: ConnectionWords, now: number, what: Beside['what']): Generator<TakenSlot> {
  const { words, before } = table;
  const dest = destIn(before);
  for (let bucket = 0; bucket < words.length; bucket += (1 + LINES_BESIDE[what]) * LINE_WORDS) {
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) {
      if (dest(words[bucket + k * SLOT_WORDS + VALUE_WORD + 1] ?? 0) === 0) continue;
      const slot = readSlotBeside(table, bucket, k, what);
      if (slot !== undefined && clockDifference(slot[2], now) >= 0) yield slot;
    }
  }
}

const TUPLE = new Records(new ArrayBuffer(WideTuple.bytes), WideTuple.bytes);

interface Tuple {
  readonly protocol: number;
  readonly virtual: DestinationKey;
  readonly serverPort: number;
}

function tupleOf(words: readonly number[]): Tuple {
  new Uint32Array(TUPLE.memory).set(words);
  const port = (field: typeof WideTuple.vport | typeof WideTuple.dport): number => swap16(TUPLE.get(0, field));
  return {
    protocol: TUPLE.get(0, WideTuple.protocol),
    virtual: { address: modelAddress(TUPLE.get(0, WideTuple.vaddr)), port: port(WideTuple.vport) },
    serverPort: port(WideTuple.dport),
  };
}

const REST = new Records(new ArrayBuffer(Wide6Rest.bytes), Wide6Rest.bytes);

/** The words behind the client's. */
function tuple6Of(words: readonly number[]): Tuple {
  new Uint32Array(REST.memory).set(words.slice(4));
  return {
    protocol: REST.get(0, Wide6Rest.protocol),
    virtual: { address: modelAddress(...words.slice(0, 4)), port: swap16(REST.get(0, Wide6Rest.vport)) },
    serverPort: swap16(REST.get(0, Wide6Rest.dport)),
  };
}

function ownOf(beside: Beside | undefined): Tuple | undefined {
  if (beside?.what === 'tuple') return tupleOf(beside.words);
  return beside?.what === 'client and tuple' ? tuple6Of(beside.words.slice(4)) : undefined;
}

/** The living connections of a table whose buckets have one line. */
function* livingSlotsAlone(table: ConnectionWords, now: number): Generator<TakenSlot> {
  const { words, before } = table;
  const dest = destIn(before);
  for (let at = 0; at < words.length; at += SLOT_WORDS) {
    if (dest(words[at + VALUE_WORD + 1] ?? 0) === 0) continue; // as most are
    const slot = readSlot(table, at);
    if (slot !== undefined && clockDifference(slot[2], now) >= 0) yield slot;
  }
}

/** By what a connection differs from all others of its table. */
function identityOf([keyLow, keyHigh, , , beside]: TakenSlot): bigint | string {
  return beside === undefined ? (BigInt(keyHigh) << 32n) | BigInt(keyLow) : [keyLow, keyHigh, ...beside.words].join(' ');
}

/** The slots of one table, or of two while connections move from the first to the second: each connection once. */
function* eachOnce<T>(found: readonly T[], slotsOf: (table: T) => Iterable<TakenSlot>): Generator<TakenSlot> {
  const seen = new Set<bigint | string>();
  for (const table of found) {
    for (const slot of slotsOf(table)) {
      if (found.length > 1) {
        const identity = identityOf(slot);
        if (seen.has(identity)) continue; // it moved
        seen.add(identity);
      }
      yield slot;
    }
  }
}

/** What the tables of the builds beside the links' have beside a slot. */
const SIDE_TABLES = [
  [SCTP_PINS, undefined],
  [IPV6_PINS, 'client'],
  [SCTP6_PINS, 'client'],
  [WIDE_PINS, 'tuple'],
  [WIDE_SCTP_PINS, 'tuple'],
  [WIDE6_PINS, 'client and tuple'],
  [WIDE_SCTP6_PINS, 'client and tuple'],
] as const;

/** The living connections of all tables, each once. */
export function* livingSlots(tables: Tables, now: number): Generator<TakenSlot> {
  yield* eachOnce(tables.conns(), (table) => livingSlotsAlone(table, now));
  for (const [pins, what] of SIDE_TABLES) {
    yield* eachOnce(tables.sideConns(pins), (table) =>
      what === undefined ? livingSlotsAlone(table, now) : livingSlotsBeside(table, now, what),
    );
  }
}

/**
 * The connections that are alive at `now`, in the table's order. Each is whole; the records that it names stay while it names them and
 * for two minutes more. The listing is of no one moment: it takes as long as its reader does.
 */
export function* connectionEntries(tables: Tables, now: number): Generator<ConnectionEntry> {
  yield* templateEntries(tables, now);
  const { services, dests, conf } = tables;
  const hz = conf.get(0, Conf.hz);
  const [virtualOf, destinationOf] = [endpointsOf(services, Service), endpointsOf(dests, Dest)];
  for (const [keyLow, keyHigh, expires, high, beside] of livingSlots(tables, now)) {
    const [service, dest] = [keyHigh >>> (Abi.K_SERVICE_SHIFT - 32), destOf(high)];
    const client = beside === undefined || beside.what === 'tuple' ? [keyLow] : beside.words.slice(0, 4);
    const own = ownOf(beside);
    const protocol = protocolName(own?.protocol ?? services.get(service, Service.protocol));
    yield {
      protocol: protocol.toUpperCase(),
      client: { address: modelAddress(...client), port: swap16(keyHigh & 0xffff) },
      virtual: own?.virtual ?? virtualOf(service),
      destination: own === undefined ? destinationOf(dest) : { ...destinationOf(dest), port: own.serverPort },
      state: stateName((high >>> (Abi.V_STATE_SHIFT - 32)) & 15, protocol === 'sctp'),
      expires: Math.floor(secondsOf(clockDifference(expires, now), hz)),
    };
  }
}
