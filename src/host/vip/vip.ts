// Adding, removing and examining a VIP on a director: look, ask the network, remember, change, announce.

import { type AddPlan, planAdd, planDelete, type SavedVip, type VipAddress, type VipHost, type WantedVip } from '../../control/vip/plan.js';
import { readSavedVips, writeSavedVips } from '../../control/vip/saved.js';
import { type Address, isLinkLocal } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { errorOf, WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import { unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { readSetting } from '../../sys/files/sysctl.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import type { Mac } from '../../wire/ethernet.js';
import {
  AddressFlag,
  AddressScope,
  addAddress,
  decodeInterfaceAddress,
  deleteAddress,
  dumpAddresses,
  type InterfaceAddress,
} from '../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks, type Link, LinkFlag, LinkHardware } from '../../wire/rtnetlink-link.js';
import type { AddressAnswer } from '../address-probe.js';
import { announceArp, probeArp } from '../arp.js';
import { announceNeighbour, probeNeighbours } from '../neighbour-probe.js';
import { StateFile, withState } from '../state-file.js';

interface Host extends VipHost {
  readonly raw: readonly Link[];
  readonly rawAddresses: readonly InterfaceAddress[];
}

function observe(netlink: Netlink): Host {
  const raw = netlink.dump(dumpLinks(), decodeLink, 'list interfaces');
  const rawAddresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses');
  const interfaces = raw.map(({ name, ifindex, flags }) => ({
    name,
    ifindex,
    up: (flags & LinkFlag.up) !== 0,
    loopback: (flags & LinkFlag.loopback) !== 0,
    hasIpv6: readSetting(`net/ipv6/conf/${name}/disable_ipv6`) === '0',
  }));
  const addresses: VipAddress[] = rawAddresses.map((one) => ({
    ifindex: one.ifindex,
    address: one.address,
    prefixLength: one.prefixLength,
    // Of IPv6 this flag marks temporary addresses.
    secondary: one.address.family === 'inet' && (one.flags & AddressFlag.secondary) !== 0,
    ...(one.label === undefined ? {} : { label: one.label }),
  }));
  return { interfaces, addresses, raw, rawAddresses };
}

function remembered(state: StateFile): readonly SavedVip[] {
  const text = state.read();
  const saved = text === undefined ? [] : readSavedVips(text);
  if (saved === undefined) throw new WeirError('state-file-damaged', { path: state.path });
  return saved;
}

const macsOf = (host: Host): ReadonlySet<Mac> => new Set(host.raw.flatMap(({ mac }) => mac ?? []));

/** The MAC of an interface with neighbours; a tunnel has neither duplicates nor announcements. */
function neighbourMac(host: Host, ifindex: number): Mac | undefined {
  const link = host.raw.find((one) => one.ifindex === ifindex);
  return link?.hardware === LinkHardware.ethernet && (link.flags & LinkFlag.noArp) === 0 ? link.mac : undefined;
}

/** Other hosts that have this address, or probe for it now. `taking`: it is about to be added, so that one answer is enough. */
function rivals(host: Host, ifindex: number, address: Address, taking: boolean): readonly AddressAnswer[] {
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

function announce(host: Host, ifindex: number, address: Address): void {
  const link = host.raw.find((one) => one.ifindex === ifindex);
  const mac = neighbourMac(host, ifindex);
  if (mac === undefined || link === undefined) return;
  if (address.family === 'inet') announceArp(ifindex, mac, address);
  else announceNeighbour(ifindex, mac, address, readSetting(`net/ipv6/conf/${link.name}/forwarding`) === '1');
}

/** As the kernel gets it. IPv6: this host has just asked who has it; and it is no source of new connections, as keepalived does it. */
function interfaceAddress({ ifindex, vip }: AddPlan & { readonly kind: 'add' }, address: Address): InterfaceAddress {
  const value = { ifindex, address, prefixLength: vip.prefixLength, scope: AddressScope.global };
  if (address.family === 'inet6') return { ...value, flags: AddressFlag.permanent | AddressFlag.noDad, preferredLifetime: 0 };
  return { ...value, flags: AddressFlag.permanent, ...(vip.label === undefined ? {} : { label: vip.label }) };
}

export interface VipAdded {
  readonly vip: SavedVip;
  /** `added`: now; `ours`: by an earlier add; `foreign`: by another program, or by hand; weir does not remove it. */
  readonly how: 'added' | 'ours' | 'foreign';
}

function addNow(netlink: Netlink, state: StateFile, host: Host, plan: AddPlan & { readonly kind: 'add' }, address: Address): void {
  const [rival] = rivals(host, plan.ifindex, address, true);
  if (rival !== undefined) {
    throw new WeirError('vip-taken', {
      address: plan.vip.address,
      interface: plan.vip.interface,
      mac: rival.mac,
      asks: rival.kind !== 'holds',
    });
  }
  const saved = remembered(state).filter((one) => one.address !== plan.vip.address);
  state.write(writeSavedVips([...saved, plan.vip]));
  netlink.change(addAddress(interfaceAddress(plan, address)), `add ${plan.vip.address}/${plan.vip.prefixLength} to ${plan.vip.interface}`);
  announce(host, plan.ifindex, address);
}

/** @throws WeirError (vip-taken: another host answers, …), SystemError */
export function addVip(wanted: WantedVip): VipAdded {
  return withState('vip', (state) =>
    using(new Netlink(), (netlink) => {
      const host = observe(netlink);
      const plan = planAdd(host, wanted, remembered(state));
      if (plan.kind === 'refused') throw errorOf(plan.failure);
      if (plan.kind === 'present') {
        const there = host.addresses.find(({ address }) => sameAddress(address, wanted.address));
        const label = wanted.address.family === 'inet' ? { label: there?.label ?? wanted.interface } : {};
        const vip = { address: formatAddress(wanted.address), prefixLength: wanted.prefixLength, interface: wanted.interface, ...label };
        const [place] = host.interfaces.filter(({ name }) => name === wanted.interface);
        if (plan.ours && place !== undefined) {
          announce(host, place.ifindex, wanted.address); // a killed add may not have announced it
        }
        return { vip, how: plan.ours ? 'ours' : 'foreign' };
      }
      addNow(netlink, state, host, plan, wanted.address);
      return { vip: plan.vip, how: 'added' };
    }),
  );
}

/** Whether there was anything to remove. @throws WeirError vip-not-added-here, …; SystemError */
export function deleteVip(address: Address, name: string): boolean {
  return withState('vip', (state) =>
    using(new Netlink(), (netlink) => {
      const host = observe(netlink);
      const saved = remembered(state);
      const plan = planDelete(host, address, name, saved);
      if (plan.kind === 'refused') throw errorOf(plan.failure);
      if (plan.kind === 'delete') {
        const raw = (one: VipAddress) =>
          host.rawAddresses.filter(({ ifindex, address: a }) => ifindex === one.ifindex && sameAddress(a, one.address));
        for (const one of raw(plan.vip)) {
          unlessCode(
            () => netlink.change(deleteAddress(one), `remove ${formatAddress(address)} from ${name}`),
            ['EADDRNOTAVAIL'],
            undefined,
          );
        }
        for (const heir of plan.heirs.flatMap(raw)) {
          const again = { ...heir, flags: heir.flags & ~AddressFlag.secondary };
          unlessCode(() => netlink.change(addAddress(again), `put ${formatAddress(heir.address)} back on ${name}`), ['EEXIST'], undefined);
        }
      }
      const left = saved.filter((one) => one.address !== formatAddress(address) || one.interface !== name);
      state.write(left.length === 0 ? undefined : writeSavedVips(left));
      return plan.kind === 'delete';
    }),
  );
}

export interface VipStatus {
  readonly address: string;
  readonly interface: string;
  readonly present: boolean;
  readonly prefixLength?: number;
  readonly label?: string;
  readonly addedByWeir: boolean;
  /** MACs of other hosts that answer for it. */
  readonly rivals: readonly Mac[];
}

/** @throws WeirError, SystemError */
export function statusOfVip(address: Address, name: string): VipStatus {
  return using(new Netlink(), (netlink) => {
    const host = observe(netlink);
    const link = host.interfaces.find((one) => one.name === name);
    if (link === undefined) throw new WeirError('interface-unknown', { name });
    const there = host.addresses.find((one) => one.ifindex === link.ifindex && sameAddress(one.address, address));
    const saved = remembered(new StateFile('vip'));
    const others = link.up ? rivals(host, link.ifindex, address, false).filter(({ kind }) => kind === 'holds') : [];
    return {
      address: formatAddress(address),
      interface: name,
      present: there !== undefined,
      ...(there === undefined ? {} : { prefixLength: there.prefixLength, ...(there.label === undefined ? {} : { label: there.label }) }),
      addedByWeir: saved.some((one) => one.address === formatAddress(address) && one.interface === name),
      rivals: others.map(({ mac }) => mac),
    };
  });
}
