// Adding, removing and examining a VIP on a director: look, ask the network, remember, change, announce.

import { planAdd, planDelete, type SavedVip } from '../../control/vip/plan.js';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { errorOf, WeirError } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import type { WantedVip } from '../../model/vip.js';
import { using } from '../../sys/fd.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import type { Mac } from '../../wire/ethernet.js';
import { StateFile } from '../state-file.js';
import { type ObservedHost, observeVipHost, remembered } from './observed-host.js';
import { type Adding, addOwn, changingState, deleteOwn } from './vip-addresses.js';
import { announce, holders, refuseRivals } from './vip-network.js';

export interface VipAdded {
  readonly vip: SavedVip;
  /** `added`: now; `ours`: by an earlier add; `foreign`: by another program, or by hand; weir does not remove it. */
  readonly how: 'added' | 'ours' | 'foreign';
}

function addNow(netlink: Netlink, state: StateFile, host: ObservedHost, plan: Adding, address: Address): void {
  const placed = new Map([[plan.ifindex, [address]]]);
  refuseRivals(host, placed);
  addOwn(netlink, state, plan, address);
  announce(host, placed);
}

/** @throws WeirError (vip-taken: another host answers, …), SystemError */
export function addVip(wanted: WantedVip, warn: (text: string) => void): VipAdded {
  return changingState(warn, (state, netlink) => {
    const host = observeVipHost(netlink);
    const plan = planAdd(host, wanted, remembered(state));
    if (plan.kind === 'refused') throw errorOf(plan.failure);
    if (plan.kind === 'present') {
      const there = host.addresses.find(({ address }) => sameAddress(address, wanted.address));
      const label = wanted.address.family === 'inet' ? { label: there?.label ?? wanted.interface } : {};
      const vip = { address: formatAddress(wanted.address), prefixLength: wanted.prefixLength, interface: wanted.interface, ...label };
      const [place] = host.interfaces.filter(({ name }) => name === wanted.interface);
      if (plan.ours && place !== undefined) {
        announce(host, new Map([[place.ifindex, [wanted.address]]])); // a killed add may not have announced it
      }
      return { vip, how: plan.ours ? 'ours' : 'foreign' };
    }
    addNow(netlink, state, host, plan, wanted.address);
    return { vip: plan.vip, how: 'added' };
  });
}

/** Whether there was anything to remove. @throws WeirError vip-not-added-here, …; SystemError */
export function deleteVip(address: Address, name: string, warn: (text: string) => void): boolean {
  return changingState(warn, (state, netlink) => {
    const host = observeVipHost(netlink);
    const plan = planDelete(host, address, name, remembered(state));
    if (plan.kind === 'refused') throw errorOf(plan.failure);
    deleteOwn(netlink, state, { host, plan: plan.kind === 'delete' ? plan : undefined, address, name });
    return plan.kind === 'delete';
  });
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
    const host = observeVipHost(netlink);
    const link = host.interfaces.find((one) => one.name === name);
    if (link === undefined) throw new WeirError('interface-unknown', { name });
    const there = host.addresses.find((one) => one.ifindex === link.ifindex && sameAddress(one.address, address));
    const saved = remembered(new StateFile('vip'));
    const others = link.up ? holders(host, link.ifindex, address) : [];
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
