// Brings the datapath into a network namespace: loads the object, tries it, pins maps and programs, starts the timer.
// Killed half way it leaves pins without the last one, and the next command starts over.
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { native } from '../../sys/addon.js';
import { artifact } from '../../sys/artifact.js';
import { type BpfMap, ObjectFile, Program } from '../../sys/bpf.js';
import { hasCode } from '../../sys/errno.js';
import { Abi, Conf, Counters, LAYOUT } from './abi.gen.js';
import { unitsOf } from './clock.js';
import { configuredHz, nearestHz } from './hz.js';
import { Records } from './records.js';
import { selfCheck } from './self-check.js';
import { LAST_PINNED, PINNED_MAPS, Tables } from './tables.js';
import { DEFAULT_TIMEOUTS, TCP_TIMEOUT_SECONDS } from './timeouts.js';
import { makeVectors, type Vector } from './vectors.js';

/** Where the kernel's configuration cannot be read, until it is measured. */
const LIKELY_HZ = 250;

export const PROGRAMS = { xdp: 'weir_xdp', ingress: 'weir_tc_ingress', egress: 'weir_tc_egress', house: 'weir_keep_house' } as const;

/** Sizes of a director, chosen when it is loaded. */
export interface Capacity {
  /** log2 of the table size that users see; 8 to 27, as the kernel's module parameter conn_tab_bits. */
  readonly connTabBits: number;
  /** Powers of two. */
  readonly maxServices: number;
  readonly maxDestinations: number;
  /** Buckets of the connection table; default: room for 2^max(connTabBits, 20) connections at half load. */
  readonly connBuckets?: number;
}
/** A destination's counters take a cache line for each possible CPU, of which virtual machines have many: at most this much, bytes. */
const COUNTER_BYTES = 2 ** 27;

export function defaultCapacity(cpus: number): Capacity {
  const fitting = 2 ** Math.floor(Math.log2(COUNTER_BYTES / (Counters.bytes * cpus)));
  return { connTabBits: 12, maxServices: 16384, maxDestinations: Math.min(65536, fitting) };
}

/** Buckets of a table that so many connections fill by half (a power of two). */
export function bucketsFor(connections: number): number {
  return (2 * 2 ** Math.ceil(Math.log2(connections))) / Abi.BUCKET_SLOTS;
}

function bucketsOf({ connTabBits, connBuckets }: Capacity): number {
  return connBuckets ?? bucketsFor(2 ** Math.max(connTabBits, 20));
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

interface Sizes {
  readonly buckets: number;
  readonly endpointBuckets: number;
  readonly cpus: number;
}

function sizesOf(capacity: Capacity): Sizes {
  const endpoints = capacity.maxServices + capacity.maxDestinations;
  return {
    buckets: bucketsOf(capacity),
    endpointBuckets: 2 ** Math.ceil(Math.log2(Math.max(endpoints, 64))),
    cpus: native().possibleCpus(),
  };
}

function configure(object: ObjectFile, capacity: Capacity, sizes: Sizes, keys: readonly Uint8Array[]): void {
  const { maxServices, maxDestinations } = capacity;
  object
    .mapEntries('conns', sizes.buckets)
    .mapEntries('endpoints', sizes.endpointBuckets)
    .mapEntries('services', maxServices)
    .mapEntries('dests', maxDestinations)
    .mapEntries('counters', maxDestinations * sizes.cpus)
    .mapEntries('estimates', maxServices + maxDestinations)
    .mapEntries('drops', sizes.cpus)
    .variable('conn_mask', u32(sizes.buckets - 1))
    .variable('endpoint_mask', u32(sizes.endpointBuckets - 1))
    .variable('cpus', u32(sizes.cpus))
    .variable('max_services', u32(maxServices));
  ['hash_key_a', 'hash_key_b', 'hash_key_c'].forEach((name, i) => {
    object.variable(name, keys[i] ?? new Uint8Array(8));
  });
}

/** What a verifier or a kernel without BPF says, in one line that helps. */
function explained(error: unknown): unknown {
  if (hasCode(error, 'EPERM')) return error;
  const { code, log } = error as { code?: string; log?: string };
  if (code === undefined) return error;
  const last = log === undefined ? '' : `: ${log.trim().split('\n').slice(-4).join('; ')}`;
  return new Error(`weir: this kernel refuses the datapath (${code})${last}: Linux 6.1 or newer with BPF is needed`, { cause: error });
}

function writeConf(conf: Records, capacity: Capacity, sizes: Sizes, keys: readonly Uint8Array[]): void {
  const set = (values: Partial<Record<keyof typeof Conf, number>>): void => {
    for (const [name, value] of Object.entries(values)) conf.set(0, Conf[name as Exclude<keyof typeof Conf, 'bytes'>], value);
  };
  set({ connTabBits: capacity.connTabBits, connBuckets: sizes.buckets, cpus: sizes.cpus, endpointBuckets: sizes.endpointBuckets });
  set({ maxServices: capacity.maxServices, maxDests: capacity.maxDestinations, order: 1, connReuseMode: 1, runEstimation: 1 });
  keys.forEach((key, i) => {
    conf.setBig(0, Conf.hashKey, new DataView(key.buffer, key.byteOffset).getBigUint64(0, true), i);
  });
}

/** Fills in what depends on the rate of jiffies. */
function setTimes(conf: Records, hz: number): void {
  conf.set(0, Conf.hz, hz);
  conf.set(0, Conf.freshFor, unitsOf(1, hz));
  TCP_TIMEOUT_SECONDS.forEach((seconds, state) => {
    conf.set(0, Conf.tcpTimeout, unitsOf(seconds, hz), state);
  });
  conf.set(0, Conf.udpTimeout, unitsOf(DEFAULT_TIMEOUTS.udp, hz));
}

/** Runs the housekeeping program once: starts its timer and stamps the clock. */
export function keepHouse(program: Program): void {
  const { retval } = program.test({ data: new Uint8Array(64) });
  if (retval !== 0) throw new Error(`weir: the datapath's timer could not be started (step ${retval})`);
}

function measuredHz(program: Program, conf: Records): number {
  const [jiffies, ns] = [conf.big(0, Conf.jiffiesAt), conf.big(0, Conf.ktimeAt)];
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
  keepHouse(program);
  return nearestHz(conf.big(0, Conf.jiffiesAt) - jiffies, conf.big(0, Conf.ktimeAt) - ns);
}

export function isLoaded(folder: string): boolean {
  try {
    native().close(native().bpfObjGet(`${folder}/${LAST_PINNED}`));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

export function removePins(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(`${folder}/${name}`, { force: true });
}

/**
 * Loads the object file into the folder of this namespace. The caller holds its lock.
 * @throws Error of one line where this kernel refuses the programs, or they do not do with `vectors` what they must
 */
export function load(
  folder: string,
  chosen: Partial<Capacity> = {},
  file: string = artifact('weir.bpf.o'),
  vectors: readonly Vector[] = makeVectors(),
): Tables {
  const capacity = { ...defaultCapacity(native().possibleCpus()), ...chosen };
  removePins(folder);
  const sizes = sizesOf(capacity);
  const keys = [randomBytes(8), randomBytes(8), randomBytes(8)].map((bytes) => new Uint8Array(bytes));
  const object = new ObjectFile(file);
  try {
    configure(object, capacity, sizes, keys);
    try {
      object.load();
    } catch (error) {
      throw explained(error);
    }
    const unpinned = new Tables(folder, (name) => object.map(name));
    writeConf(unpinned.conf, capacity, sizes, keys);
    setTimes(unpinned.conf, configuredHz() ?? LIKELY_HZ);
    selfCheck(object, unpinned, PROGRAMS, vectors);
    const pin = (thing: BpfMap | Program, name: string): void => {
      thing.pin(`${folder}/${name}`);
      thing.close();
    };
    for (const name of PINNED_MAPS.filter((name) => name !== LAST_PINNED)) pin(object.map(name), name);
    for (const name of Object.values(PROGRAMS)) pin(object.program(name), name);
    const map = object.map(LAST_PINNED);
    const conf = new Tables(folder);
    start(map, capacity, sizes, keys, folder);
    pin(map, LAST_PINNED);
    return conf;
  } finally {
    object.close();
  }
}

function start(map: BpfMap, capacity: Capacity, sizes: Sizes, keys: readonly Uint8Array[], folder: string): void {
  const conf = confOf(map);
  writeConf(conf, capacity, sizes, keys);
  const house = Program.pinned(`${folder}/${PROGRAMS.house}`);
  try {
    keepHouse(house);
    setTimes(conf, configuredHz() ?? measuredHz(house, conf));
  } finally {
    house.close();
  }
  conf.set(0, Conf.abi, Abi.WEIR_ABI);
  conf.set(0, Conf.layout, LAYOUT);
  conf.set(0, Conf.magic, Abi.WEIR_MAGIC);
}

function confOf(map: BpfMap): Records {
  return new Records(map.mmap(Math.ceil(Conf.bytes / 8) * 8, true), Conf.bytes);
}
