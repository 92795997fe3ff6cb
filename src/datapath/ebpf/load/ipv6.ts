// The IPv6 build of the programs: tc's programs for IPv6, with a connection table and a timer of their own. It is loaded when the first IPv6
// service comes, onto the pinned maps of the others, whose programs enter it by the array `ipv6_tc`: until then it costs neither memory nor
// time. Its connection table takes as much memory as the other one took then, for half as many connections, and keeps that size.
//
//   killed before the timer's map is pinned     no service was added: the next IPv6 service loads it again, onto the maps that are there
import { existsSync } from 'node:fs';
import { artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Abi, Conf, ConnBucket } from '../abi.gen.js';
import { ClientHop6Set, Conn6Bucket, Ipv6Program } from '../abi6.gen.js';
import { requiredPin } from '../pins/required-pin.js';
import { IPV6_ENTRY_PIN, IPV6_PINS, type Tables } from '../table/tables.js';
import { PROGRAMS, runHousekeeping } from './load.js';
import { loadOnto } from './programs.js';

const pinOf = (folder: string, name: keyof typeof IPV6_PINS): string => `${folder}/${IPV6_PINS[name]}`;

/** Has there been an IPv6 service? */
export const isIpv6Loaded = (folder: string): boolean => existsSync(pinOf(folder, 'housekeeping'));

const ENTRIES = [
  [Ipv6Program.IPV6_INGRESS, PROGRAMS.ingress],
  [Ipv6Program.IPV6_EGRESS, PROGRAMS.egress],
] as const;

const u32 = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

function makePinned(path: string, name: string, bytes: number, entries: number): void {
  if (existsSync(path)) return;
  using(BpfMap.createArray(name, bytes, entries), (map) => map.pin(path));
}

function bucketsFor({ conf }: Tables): number {
  return (conf.get(0, Conf.connBuckets) * ConnBucket.bytes) / Conn6Bucket.bytes;
}

/** Loads it onto the maps that are pinned, and lets packets go on into it from `entry`. @throws WeirError kernel-refuses-datapath, pin-missing */
export function enterIpv6(entry: BpfMap, tables: Tables, file: string = artifact('weir-ipv6.bpf.o')): void {
  const { folder } = tables;
  const known = isIpv6Loaded(folder);
  const buckets = using(requiredPin(pinOf(folder, 'conns'), BpfMap.pinned), (map) => map.info().maxEntries);
  const object = new ObjectFile(file);
  try {
    const pins = { ...IPV6_PINS, housekeeping: known ? IPV6_PINS.housekeeping : undefined };
    loadOnto(object, folder, tables, { pins, buckets, configure: () => {} });
    using(object.program(PROGRAMS.housekeeping), runHousekeeping);
    for (const [place, name] of ENTRIES) using(object.program(name), ({ fd }) => entry.update(u32(place), u32(fd.number)));
    if (!known) using(object.map('housekeeping'), (map) => map.pin(pinOf(folder, 'housekeeping')));
  } finally {
    object.close();
  }
}

/** Loads it where it is missing. The caller holds the lock. @throws as enterIpv6; SystemError ENOMEM */
export function ensureIpv6(tables: Tables): void {
  const { folder } = tables;
  if (isIpv6Loaded(folder)) return;
  makePinned(pinOf(folder, 'client_hops'), 'client_hops', ClientHop6Set.bytes, Abi.CLIENT_HOP_SETS);
  makePinned(pinOf(folder, 'conns'), 'conns', Conn6Bucket.bytes, bucketsFor(tables));
  using(requiredPin(`${folder}/${IPV6_ENTRY_PIN}`, BpfMap.pinned), (entry) => enterIpv6(entry, tables));
}
