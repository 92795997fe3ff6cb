// What other hosts have to do with a VIP: those that have it, too, and those that are to find it here.
import { type Address, isLinkLocal } from '../../model/address.js';
import { readSetting } from '../../sys/files/sysctl.js';
import type { Mac } from '../../wire/ethernet.js';
import { LinkFlag, LinkHardware } from '../../wire/rtnetlink-link.js';
import type { AddressAnswer } from '../address-probe.js';
import { announceArp, probeArp } from '../arp.js';
import { announceNeighbour, probeNeighbours } from '../neighbour-probe.js';
import type { ObservedHost } from './observed-host.js';

const macsOf = (host: ObservedHost): ReadonlySet<Mac> => new Set(host.raw.flatMap(({ mac }) => mac ?? []));

/** The MAC of an interface with neighbours; a tunnel has neither duplicates nor announcements. */
function neighbourMac(host: ObservedHost, ifindex: number): Mac | undefined {
  const link = host.raw.find((one) => one.ifindex === ifindex);
  return link?.hardware === LinkHardware.ethernet && (link.flags & LinkFlag.noArp) === 0 ? link.mac : undefined;
}

/** Other hosts that have this address, or probe for it now. `taking`: it is about to be added, so that one answer is enough. */
export function rivals(host: ObservedHost, ifindex: number, address: Address, taking: boolean): readonly AddressAnswer[] {
  const mac = neighbourMac(host, ifindex);
  if (mac === undefined) return [];
  const options = taking ? { enough: (answers: readonly AddressAnswer[]) => answers.length > 0 } : {};
  const question = { ifindex, mac, addresses: [address] };
  if (address.family === 'inet') return probeArp([question], macsOf(host), options);
  const from = host.addresses.find((one) => one.ifindex === ifindex && isLinkLocal(one.address))?.address;
  // Only who takes it may ask without an address of its own.
  if (!taking && from === undefined) return [];
  return probeNeighbours([taking || from === undefined ? question : { ...question, from }], macsOf(host), options);
}

/** This host has it. @throws SystemError */
export function announce(host: ObservedHost, ifindex: number, address: Address): void {
  const link = host.raw.find((one) => one.ifindex === ifindex);
  const mac = neighbourMac(host, ifindex);
  if (mac === undefined || link === undefined) return;
  if (address.family === 'inet') announceArp(ifindex, mac, address);
  else announceNeighbour(ifindex, mac, address, readSetting(`net/ipv6/conf/${link.name}/forwarding`) === '1');
}
