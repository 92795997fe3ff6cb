// What the programs know of an attached interface: its record, made of the interface as it is.
import type { Records } from '../../../sys/bpf/records.js';
import { interfaceSetting } from '../../../sys/files/sysctl.js';
import { swap32 } from '../../../wire/bytes.js';
import { macBytes } from '../../../wire/ethernet.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { type Link, LinkFlag, LinkHardware } from '../../../wire/rtnetlink-link.js';
import { Abi, Interface } from '../abi.gen.js';
import { InterfaceFlagAbi } from '../interface-flag.gen.js';

export interface InterfaceRecord {
  readonly ifindex: number;
  readonly mac: Uint8Array;
  readonly flags: number;
  /** Packet order; 0: none. */
  readonly address: number;
}

/** What differs between a record and its interface. `number`: the record is another interface's, or none's. */
export type RecordDifference = 'number' | 'mac' | 'flags' | 'rp_filter' | 'accept_local' | 'address';

const REVERSE_PATH = Abi.INTERFACE_STRICT | Abi.INTERFACE_LOOSE;

function reversePathFlag(name: string): number {
  const value = interfaceSetting(name, 'rp_filter');
  return value === 1 ? Abi.INTERFACE_STRICT : value === 2 ? Abi.INTERFACE_LOOSE : 0;
}

const { none, ppp, ipip, ip6Tunnel, sit, gre, ip6gre } = LinkHardware;
const LAYER3: ReadonlySet<number> = new Set([none, ppp, ipip, ip6Tunnel, sit, gre, ip6gre]);

/** Its packets have no Ethernet header: tun, WireGuard, PPP, and the tunnels of IP: IPIP, SIT, those of IPv6, GRE over both. */
export const isLayer3 = ({ hardware }: Link): boolean => LAYER3.has(hardware);

/** What the kernel's modules of tunnels make by themselves, in each namespace. */
const FALLBACK_TUNNELS: ReadonlySet<string> = new Set(['tunl0', 'gre0', 'sit0', 'ip6tnl0', 'ip6gre0', 'ip_vti0', 'ip6_vti0']);

/** Is it a fallback tunnel that is not used? With each device of this kind every packet costs a little more. */
export const isIdleTunnel = (link: Link): boolean => isLayer3(link) && FALLBACK_TUNNELS.has(link.name) && (link.flags & LinkFlag.up) === 0;

/** The kernel redirects packets to a veth's other end only where that is in another namespace. */
function handsOver(link: Link): boolean {
  return link.kind === 'veth' && link.peerNamespace !== undefined;
}

/** `xdp`: it is attached there. */
export function recordOf(link: Link, xdp: boolean, addresses: readonly InterfaceAddress[]): InterfaceRecord {
  const own = addresses.find(({ ifindex, address }) => ifindex === link.ifindex && address.family === 'inet');
  return {
    ifindex: link.ifindex,
    mac: link.mac === undefined ? new Uint8Array(6) : macBytes(link.mac),
    flags:
      (xdp ? Abi.INTERFACE_XDP : 0) |
      (handsOver(link) ? Abi.INTERFACE_PEER : 0) |
      (isLayer3(link) ? Abi.INTERFACE_LAYER3 : 0) |
      reversePathFlag(link.name) |
      (interfaceSetting(link.name, 'accept_local') === 0 ? 0 : InterfaceFlagAbi.INTERFACE_ACCEPTS_OWN),
    address: swap32(own?.address.words[0] ?? 0),
  };
}

/** A number's first place, then the set that it chooses; record 0 is none's (abi.h). */
function placesOf(ifindex: number): readonly number[] {
  const set = (Math.imul(ifindex, Abi.INTERFACE_HASH) >>> Abi.INTERFACE_HASH_SHIFT) * Abi.INTERFACE_SET;
  return [ifindex % Abi.INTERFACES, ...Array.from({ length: Abi.INTERFACE_SET }, (_, k) => set + k)].filter((place) => place !== 0);
}

const holderOf = (interfaces: Records, place: number): number => interfaces.get(place, Interface.ifindex);

/** Where the programs find the interface's record. */
export const placeOf = (interfaces: Records, ifindex: number): number | undefined =>
  placesOf(ifindex).find((place) => holderOf(interfaces, place) === ifindex);

/** Has the interface a record that the programs find? */
export const isRecorded = (interfaces: Records, ifindex: number): boolean => placeOf(interfaces, ifindex) !== undefined;

/** Where a new record may stand: at a free place, or that of an interface that is gone. `present`: the numbers of those that are there. */
export function freePlace(interfaces: Records, ifindex: number, present: ReadonlySet<number>): number | undefined {
  const places = placesOf(ifindex);
  const isFree = (place: number): boolean => holderOf(interfaces, place) === 0;
  return places.find(isFree) ?? places.find((place) => !present.has(holderOf(interfaces, place)));
}

/** The interfaces that have no record, since there is no place for one. */
export function withoutPlace(interfaces: Records, links: readonly Link[]): readonly Link[] {
  const present = new Set(links.map(({ ifindex }) => ifindex));
  return links.filter(({ ifindex }) => !isRecorded(interfaces, ifindex) && freePlace(interfaces, ifindex, present) === undefined);
}

/** What of an interface's record is not as wanted; `number`: it has none. */
export function differencesOf(interfaces: Records, wanted: InterfaceRecord): readonly RecordDifference[] {
  const place = placeOf(interfaces, wanted.ifindex);
  if (place === undefined) return ['number'];
  const found: RecordDifference[] = [];
  if (wanted.mac.some((byte, k) => interfaces.get(place, Interface.mac, k) !== byte)) found.push('mac');
  const flags = interfaces.get(place, Interface.flags) ^ wanted.flags;
  if ((flags & ~(REVERSE_PATH | InterfaceFlagAbi.INTERFACE_ACCEPTS_OWN)) !== 0) found.push('flags');
  if ((flags & REVERSE_PATH) !== 0) found.push('rp_filter');
  if ((flags & InterfaceFlagAbi.INTERFACE_ACCEPTS_OWN) !== 0) found.push('accept_local');
  if (interfaces.get(place, Interface.addr) !== wanted.address) found.push('address');
  return found;
}

const strictness = (flags: number): number => ((flags & Abi.INTERFACE_STRICT) !== 0 ? 2 : (flags & Abi.INTERFACE_LOOSE) !== 0 ? 1 : 0);

/** Whether the programs still forbid new connections that the interface's rp_filter allows now. */
export function forbidsMore(interfaces: Records, wanted: InterfaceRecord): boolean {
  const place = placeOf(interfaces, wanted.ifindex);
  return place !== undefined && strictness(interfaces.get(place, Interface.flags)) > strictness(wanted.flags);
}

/** `place`: a free one for a record that is not there yet; default: where it stands. */
export function writeRecord(
  interfaces: Records,
  { ifindex, mac, flags, address }: InterfaceRecord,
  place = placeOf(interfaces, ifindex),
): void {
  if (place === undefined) return;
  if (holderOf(interfaces, place) !== ifindex) interfaces.set(place, Interface.ifindex, 0);
  mac.forEach((byte, k) => {
    interfaces.set(place, Interface.mac, byte, k);
  });
  interfaces.set(place, Interface.flags, flags);
  interfaces.set(place, Interface.addr, address);
  interfaces.set(place, Interface.ifindex, ifindex);
}

/** Lets XDP redirect no frames to the interface from now on. */
export function leaveXdp(interfaces: Records, ifindex: number): void {
  const place = placeOf(interfaces, ifindex);
  if (place !== undefined) interfaces.set(place, Interface.flags, interfaces.get(place, Interface.flags) & ~Abi.INTERFACE_XDP);
}

/** Removes the record of an interface, wherever it stands. */
export function clearRecord(interfaces: Records, ifindex: number): void {
  for (const place of placesOf(ifindex)) if (holderOf(interfaces, place) === ifindex) interfaces.clear(place);
}

/** What holds for all interfaces whose record has no place: the strictest rp_filter of theirs. */
export function writeWithoutPlace(interfaces: Records, records: readonly InterfaceRecord[]): void {
  const most = Math.max(0, ...records.map(({ flags }) => strictness(flags)));
  if (holderOf(interfaces, 0) !== 0) interfaces.clear(0); // of a build without sets
  interfaces.set(0, Interface.flags, most === 2 ? Abi.INTERFACE_STRICT : most === 1 ? Abi.INTERFACE_LOOSE : 0);
}
