// What the programs know of an attached interface: its record, made of the interface as it is.
import type { Records } from '../../../sys/bpf/records.js';
import { readSetting } from '../../../sys/files/sysctl.js';
import { swap32 } from '../../../wire/bytes.js';
import { macBytes } from '../../../wire/ethernet.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { type Link, LinkHardware } from '../../../wire/rtnetlink-link.js';
import { Abi, Interface } from '../abi.gen.js';

export interface InterfaceRecord {
  readonly ifindex: number;
  readonly mac: Uint8Array;
  readonly flags: number;
  /** Packet order; 0: none. */
  readonly address: number;
}

/** What differs between a record and its interface. `number`: the record is another interface's, or none's. */
export type RecordDifference = 'number' | 'mac' | 'flags' | 'rp_filter' | 'address';

const REVERSE_PATH = Abi.INTERFACE_STRICT | Abi.INTERFACE_LOOSE;

/** As the kernel applies it: the larger value of the interface's own and that of all interfaces. */
function reversePathFlag(name: string): number {
  const values = ['all', name].map((each) => Number(readSetting(`net/ipv4/conf/${each}/rp_filter`) ?? 0));
  const value = Math.max(...values);
  return value === 1 ? Abi.INTERFACE_STRICT : value === 2 ? Abi.INTERFACE_LOOSE : 0;
}

/** Its packets have no Ethernet header: tun, WireGuard, PPP, GRE, IPIP. */
export function isLayer3({ hardware }: Link): boolean {
  const { none, ppp, gre, ipip } = LinkHardware;
  return hardware === none || hardware === ppp || hardware === gre || hardware === ipip;
}

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
      reversePathFlag(link.name),
    address: swap32(own?.address.words[0] ?? 0),
  };
}

const place = (ifindex: number): number => ifindex % Abi.INTERFACES;

export function differencesOf(interfaces: Records, wanted: InterfaceRecord): readonly RecordDifference[] {
  const record = place(wanted.ifindex);
  if (interfaces.get(record, Interface.ifindex) !== wanted.ifindex) return ['number'];
  const found: RecordDifference[] = [];
  if (wanted.mac.some((byte, k) => interfaces.get(record, Interface.mac, k) !== byte)) found.push('mac');
  const flags = interfaces.get(record, Interface.flags) ^ wanted.flags;
  if ((flags & ~REVERSE_PATH) !== 0) found.push('flags');
  if ((flags & REVERSE_PATH) !== 0) found.push('rp_filter');
  if (interfaces.get(record, Interface.addr) !== wanted.address) found.push('address');
  return found;
}

const strictness = (flags: number): number => ((flags & Abi.INTERFACE_STRICT) !== 0 ? 2 : (flags & Abi.INTERFACE_LOOSE) !== 0 ? 1 : 0);

/** Whether the programs still forbid new connections that the interface's rp_filter allows now. */
export function forbidsMore(interfaces: Records, wanted: InterfaceRecord): boolean {
  return strictness(interfaces.get(place(wanted.ifindex), Interface.flags)) > strictness(wanted.flags);
}

export function writeRecord(interfaces: Records, { ifindex, mac, flags, address }: InterfaceRecord): void {
  const record = place(ifindex);
  mac.forEach((byte, k) => {
    interfaces.set(record, Interface.mac, byte, k);
  });
  interfaces.set(record, Interface.flags, flags);
  interfaces.set(record, Interface.addr, address);
  interfaces.set(record, Interface.ifindex, ifindex);
}

/** Where it is this interface's record. */
export function clearRecord(interfaces: Records, ifindex: number): void {
  const record = place(ifindex);
  if (interfaces.get(record, Interface.ifindex) === ifindex) interfaces.clear(record);
}
