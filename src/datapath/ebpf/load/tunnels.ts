// The programs of tunnels, one of tc and one of XDP for each family of packets: loaded when the first destination behind a tunnel comes, onto the
// pinned maps of the others. All builds enter them by two arrays that they share, which are empty until then. They have no connections, so that
// nothing moves when they are exchanged: another build's take their places.
//
//   killed before the array of tc was filled     no destination was added: the next one loads them again
//   killed while programs were exchanged         no pin names a build: the next exchange does all of it again
import { existsSync } from 'node:fs';
import type { Address, Family } from '../../../model/address.js';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { u32 } from '../../../sys/bpf/records.js';
import { hasCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { Netlink } from '../../../sys/netlink/netlink.js';
import { decodeRoute, lookUpRoute } from '../../../wire/rtnetlink-route.js';
import { Conf } from '../abi.gen.js';
import { requiredPin } from '../pins/required-pin.js';
import { modelAddress, packetWords } from '../table/record-address.js';
import { IPV6_PINS, type Tables, TUNNEL_SOURCES_PIN, TUNNEL_TC_PIN, TUNNEL_XDP_PIN } from '../table/tables.js';
import { TunnelProgram, TunnelSource } from '../tunnel.gen.js';
import { forgetOtherBuild } from './build-pin.js';
import { type Extra, loadOnto } from './programs.js';
import { giveQuickTables } from './quick-tables.js';
import type { FileOf } from './short-cut.js';
import { fill, mapsOf } from './side-maps.js';

const TC_PROGRAM = 'weir_tunnel_tc';
const XDP_PROGRAM = 'weir_tunnel_xdp';

interface TunnelBuild {
  readonly file: ArtifactName & Parameters<FileOf>[0];
  /** In both arrays. */
  readonly place: number;
}

/** By the family of the packets that are carried. */
const BUILDS: Readonly<Record<Family, TunnelBuild>> = {
  inet: { file: 'weir-tunnel.bpf.o', place: TunnelProgram.TUNNEL_IPV4 },
  inet6: { file: 'weir-tunnel6.bpf.o', place: TunnelProgram.TUNNEL_IPV6 },
};

const withPin = <T>({ folder }: Tables, pin: string, work: (map: BpfMap) => T): T =>
  using(requiredPin(`${folder}/${pin}`, BpfMap.pinned), work);

const isEntered = ({ place }: TunnelBuild, tables: Tables): boolean =>
  existsSync(`${tables.folder}/${TUNNEL_TC_PIN}`) && withPin(tables, TUNNEL_TC_PIN, (array) => array.lookup(u32(place), u32(0)));

/** The maps of the programs of a family: those of IPv6 have the places of the IPv6 build's, of which they use none. */
function mapsFor(family: Family, { folder, conf }: Tables): Extra {
  const own = { housekeeping: undefined, [TUNNEL_SOURCES_PIN]: TUNNEL_SOURCES_PIN };
  if (family === 'inet') return { buckets: conf.get(0, Conf.connBuckets), configure: () => {}, pins: own };
  return { ...mapsOf({ pins: IPV6_PINS }, folder), pins: { ...IPV6_PINS, ...own } };
}

/** Loads the programs of a family into their places. @throws WeirError kernel-refuses-datapath, pin-missing */
function enter(family: Family, tables: Tables, fileOf: FileOf): void {
  const { file, place } = BUILDS[family];
  using(new ObjectFile(fileOf(file)), (object) => {
    loadOnto(object, tables.folder, tables, mapsFor(family, tables));
    for (const [pin, name] of [
      [TUNNEL_XDP_PIN, XDP_PROGRAM],
      [TUNNEL_TC_PIN, TC_PROGRAM],
    ] as const)
      withPin(tables, pin, (array) => using(object.program(name), (program) => fill([array], place, program)));
  });
}

/**
 * Loads what a destination behind a tunnel needs and is missing. `family`: of its service. The caller holds the lock.
 * @throws WeirError kernel-refuses-datapath, pin-missing, bpf-table-refused
 */
export function ensureTunnels(tables: Tables, family: Family): void {
  if (isEntered(BUILDS[family], tables)) return;
  const path = `${tables.folder}/${TUNNEL_SOURCES_PIN}`;
  if (!existsSync(path)) {
    const entries = tables.conf.get(0, Conf.maxDests);
    using(BpfMap.createArray(TUNNEL_SOURCES_PIN, TunnelSource.bytes, entries), (map) => map.pin(path));
  }
  giveQuickTables(tables.folder);
  forgetOtherBuild(tables.folder);
  enter(family, tables, artifact);
}

/** Puts this build's programs into the places of those that are loaded. @throws as ensureTunnels */
export function exchangeTunnels(tables: Tables, fileOf: FileOf = artifact): void {
  for (const family of ['inet', 'inet6'] as const) if (isEntered(BUILDS[family], tables)) enter(family, tables, fileOf);
}

/** The address by which this host sends to a server; undefined: it has no route there. */
function sourceTowards(server: Address): Address | undefined {
  return using(new Netlink(), (netlink) => {
    try {
      return decodeRoute(netlink.get(lookUpRoute(server), 'look up a route'))?.preferredSource;
    } catch (error) {
      if (!hasCode(error, 'ENETUNREACH', 'EHOSTUNREACH', 'EINVAL', 'EACCES')) throw error;
      return undefined;
    }
  });
}

/** The outer source of destination `id` that the programs have; undefined: they have none. */
export function tunnelSourceOf({ folder }: Tables, id: number, family: Family): Address | undefined {
  const path = `${folder}/${TUNNEL_SOURCES_PIN}`;
  const words = new Uint32Array(TunnelSource.bytes / Uint32Array.BYTES_PER_ELEMENT);
  if (!existsSync(path) || !using(BpfMap.pinned(path), (map) => map.lookup(u32(id), new Uint8Array(words.buffer)))) return undefined;
  return words[0] === 0 ? undefined : modelAddress(...words.subarray(0, family === 'inet' ? 1 : words.length));
}

/** Stores the outer source of destination `id`, as the kernel's route is now. Where the FIB gives it to programs (Linux 6.7), they bring it up to date. */
export function noteTunnelSource(tables: Tables, id: number, server: Address): void {
  const source = sourceTowards(server);
  const words = new Uint32Array(TunnelSource.bytes / Uint32Array.BYTES_PER_ELEMENT);
  if (source !== undefined) words.set(packetWords(source));
  withPin(tables, TUNNEL_SOURCES_PIN, (map) => map.update(u32(id), new Uint8Array(words.buffer)));
}
