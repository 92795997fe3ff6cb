// Configures the object file before it is loaded: sizes and hash keys. Explains why a kernel refuses it.
import { WeirError } from '../../../model/errors/weir-error.js';
import { native } from '../../../sys/addon.js';
import type { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { lastLines, sizeRefusal } from '../../../sys/bpf/size-refusal.js';
import { hasCode } from '../../../sys/errno.js';
import { lackedCapabilities } from '../../../sys/processes/own-capabilities.js';
import { Abi, Counters } from '../abi.gen.js';
import { GROUP_BLOCKS } from '../table/rings.js';
import { TemplateAbi } from '../template.gen.js';
import { shapeQuickTables } from './quick-tables.js';

/** Sizes of a director, chosen when it is loaded. */
export interface Capacity {
  /** log2 of the table size that users see; 8 to 27, as the kernel's module parameter conn_tab_bits. */
  readonly connTabBits: number;
  /** Powers of two. */
  readonly maxServices: number;
  readonly maxDestinations: number;
  /** Buckets of the connection table; default: room for 2^max(connTabBits, ROOM_BITS_MIN) connections at half load. */
  readonly connBuckets?: number;
}
/** The size of all counters. A destination has a cache line for each possible CPU, of which virtual machines have many. */
const COUNTERS_MAX_BYTES = 2 ** 27;

/** The capacity of a director for which none is chosen. `cpus`: possible CPUs, each of which has counters of its own for a destination. */
export function defaultCapacity(cpus: number): Capacity {
  const fitting = 2 ** Math.floor(Math.log2(COUNTERS_MAX_BYTES / (Counters.bytes * cpus)));
  return { connTabBits: 12, maxServices: 16384, maxDestinations: Math.min(65536, fitting) };
}

/** Buckets of a table that is half full with so many connections (a power of two). */
export function bucketsFor(connections: number): number {
  return (2 * 2 ** Math.ceil(Math.log2(connections))) / Abi.BUCKET_SLOTS;
}

/** Above so many bits, `--conn-tab-bits` also sets the room of the tables. */
export const ROOM_BITS_MIN = 20;

function bucketsOf({ connTabBits, connBuckets }: Capacity): number {
  return connBuckets ?? bucketsFor(2 ** Math.max(connTabBits, ROOM_BITS_MIN));
}

export interface Sizes {
  readonly buckets: number;
  readonly endpointBuckets: number;
  readonly cpus: number;
  /** Slots for templates. */
  readonly templates: number;
}

/** A client's template has several connections, most of the time. */
const CONNECTIONS_PER_TEMPLATE = 8;

/** Slots for the templates beside a connection table. */
export function templatesFor(buckets: number): number {
  return Math.max((buckets * Abi.BUCKET_SLOTS) / CONNECTIONS_PER_TEMPLATE, 2 * TemplateAbi.TEMPLATE_WAYS);
}

/** The sizes of the maps that hold so much. */
export function sizesOf(capacity: Capacity): Sizes {
  const endpoints = capacity.maxServices + capacity.maxDestinations;
  const buckets = bucketsOf(capacity);
  return {
    buckets,
    templates: templatesFor(buckets),
    endpointBuckets: 2 ** Math.ceil(Math.log2(Math.max(endpoints, 64))),
    cpus: native().possibleCpus(),
  };
}

/** Each service by dh or sh needs a block, one by mh a group of them. */
const SERVICES_PER_RING_BLOCK = 4;
/** In a table of no more services each may have one by mh. */
const GROUPS_MIN = 32;

function ringBlocks(maxServices: number): number {
  return Math.max(maxServices / SERVICES_PER_RING_BLOCK, Math.min(maxServices, GROUPS_MIN) * GROUP_BLOCKS);
}

/** Destination addresses of lblc and lblcr; lblcr needs one more for each 32 servers of a long set. */
const LOCALITIES_PER_SERVICE = 2;

/** Sets sizes and hash keys of an object that is not loaded yet. `keys`: three of 8 bytes. */
export function configure(object: ObjectFile, capacity: Capacity, sizes: Sizes, keys: readonly Uint8Array[]): void {
  const { maxServices, maxDestinations } = capacity;
  object
    .mapEntries('conns', sizes.buckets)
    .mapEntries('templates', sizes.templates)
    .mapEntries('endpoints', sizes.endpointBuckets)
    .mapEntries('services', maxServices)
    .mapEntries('dests', maxDestinations)
    .mapEntries('calls', sizes.templates)
    .mapEntries('localities', maxServices * LOCALITIES_PER_SERVICE)
    .mapEntries('rings', ringBlocks(maxServices))
    .mapEntries('counters', maxDestinations * sizes.cpus)
    .mapEntries('estimates', maxServices + maxDestinations)
    .mapEntries('drops', sizes.cpus)
    .variable('conn_mask', u32(sizes.buckets - 1))
    .variable('template_mask', u32(sizes.templates - 1))
    .variable('endpoint_mask', u32(sizes.endpointBuckets - 1))
    .variable('cpus', u32(sizes.cpus))
    .variable('max_services', u32(maxServices));
  ['hash_key_a', 'hash_key_b', 'hash_key_c'].forEach((name, i) => {
    object.variable(name, keys[i] ?? new Uint8Array(8));
  });
  shapeQuickTables(object, maxDestinations, sizes.buckets);
}

/** Without CAP_PERFMON the verifier refuses what it allows with it. */
const NEEDED = ['CAP_NET_ADMIN', 'CAP_BPF', 'CAP_PERFMON'] as const;

/** @throws WeirError capabilities-lacking; kernel-refuses-datapath where this kernel refuses the programs; bpf-table-refused, bpf-program-refused: as too large */
export function loadObject(object: ObjectFile): void {
  try {
    object.load();
  } catch (error) {
    throw explained(error);
  }
}

/** The refusal of a verifier, or of a kernel without BPF, in one line that helps. */
function explained(error: unknown): unknown {
  if (hasCode(error, 'EPERM')) return error;
  const tooLarge = sizeRefusal(error);
  if (tooLarge !== undefined) return tooLarge;
  const { code, log } = error as { code?: string; log?: string };
  if (code === undefined) return error;
  const lacked = code === 'EACCES' ? lackedCapabilities(NEEDED) : [];
  if (lacked.length > 0) return new WeirError('capabilities-lacking', { code, lacked }, { cause: error });
  const verifier = log === undefined ? '' : lastLines(log);
  return new WeirError('kernel-refuses-datapath', { code, verifier }, { cause: error });
}
