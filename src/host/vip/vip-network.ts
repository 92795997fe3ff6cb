// What other hosts have to do with a VIP: those that have it, too, and those that are to find it here.

import { interfaceName } from '../../control/vip/plan.js';
import { type Address, isLinkLocal } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { readSetting } from '../../sys/files/sysctl.js';
import type { Mac } from '../../wire/ethernet.js';
import { LinkFlag, LinkHardware } from '../../wire/rtnetlink-link.js';
import type { AddressAnswer, ProbeOptions } from '../address-probe.js';
import { announceArp, probeArp } from '../arp.js';
import { announceNeighbours, probeNeighbours } from '../neighbour-probe.js';
import type { ObservedHost } from './observed-host.js';

const macsOf = (host: ObservedHost): ReadonlySet<Mac> => new Set(host.raw.flatMap(({ mac }) => mac ?? []));

/** The MAC of an interface with neighbours; a tunnel has neither duplicates nor announcements. */
function neighbourMac(host: ObservedHost, ifindex: number): Mac | undefined {
  const link = host.raw.find((one) => one.ifindex === ifindex);
  return link?.hardware === LinkHardware.ethernet && (link.flags & LinkFlag.noArp) === 0 ? link.mac : undefined;
}

/** Addresses by the interface that has them, or is about to. */
export type Placed = ReadonlyMap<number, readonly Address[]>;

const ofFamily = (addresses: readonly Address[], wanted: Address['family']): readonly Address[] =>
  addresses.filter(({ family }) => family === wanted);

const firstAnswer: ProbeOptions = { enough: (answers) => answers.length > 0 };

/** Of other hosts that have these addresses, which are not here, or probe for them now. @throws SystemError */
export function rivalsOf(host: ObservedHost, placed: Placed, options?: ProbeOptions): readonly AddressAnswer[] {
  const questions = (family: Address['family']) =>
    [...placed].flatMap(([ifindex, addresses]) => {
      const mac = neighbourMac(host, ifindex);
      return mac === undefined ? [] : [{ ifindex, mac, addresses: ofFamily(addresses, family) }];
    });
  const own = macsOf(host);
  const answers = probeArp(questions('inet'), own, options);
  return options?.enough?.(answers) === true ? answers : [...answers, ...probeNeighbours(questions('inet6'), own, options)];
}

/** These addresses are about to be added here. @throws WeirError vip-taken: another host has one, or probes for it now; SystemError */
export function refuseRivals(host: ObservedHost, placed: Placed): void {
  const [rival] = rivalsOf(host, placed, firstAnswer);
  if (rival === undefined) return;
  throw new WeirError('vip-taken', {
    address: formatAddress(rival.address),
    interface: interfaceName(host, rival.ifindex),
    mac: rival.mac,
    asks: rival.kind !== 'holds',
  });
}

/** Other hosts that have this address, too. @throws SystemError */
export function holders(host: ObservedHost, ifindex: number, address: Address): readonly AddressAnswer[] {
  const mac = neighbourMac(host, ifindex);
  if (mac === undefined) return [];
  const question = { ifindex, mac, addresses: [address] };
  if (address.family === 'inet') return probeArp([question], macsOf(host)).filter(({ kind }) => kind === 'holds');
  const from = host.addresses.find((one) => one.ifindex === ifindex && isLinkLocal(one.address))?.address;
  // Only who takes it may ask without an address of its own.
  return from === undefined ? [] : probeNeighbours([{ ...question, from }], macsOf(host)).filter(({ kind }) => kind === 'holds');
}

/** This host has them. @throws SystemError */
export function announce(host: ObservedHost, placed: Placed): void {
  for (const [ifindex, addresses] of placed) {
    const link = host.raw.find((one) => one.ifindex === ifindex);
    const mac = neighbourMac(host, ifindex);
    if (mac === undefined || link === undefined) continue;
    const [inet, inet6] = [ofFamily(addresses, 'inet'), ofFamily(addresses, 'inet6')];
    if (inet.length > 0) announceArp(ifindex, mac, inet);
    if (inet6.length > 0) announceNeighbours(ifindex, mac, inet6, readSetting(`net/ipv6/conf/${link.name}/forwarding`) === '1');
  }
}
