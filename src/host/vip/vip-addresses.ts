// Puts an address on an interface, or takes it away again with all that the kernel takes away with it put back; the state of VIPs for such a change.
import type { AddPlan, DeletePlan, VipAddress } from '../../control/vip/plan.js';
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { sameAddress } from '../../model/identity.js';
import { unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { AddressFlag, AddressScope, addAddress, deleteAddress, type InterfaceAddress } from '../../wire/rtnetlink-address.js';
import { type StateFile, withState } from '../state-file.js';
import { keepingHeirs, putNotedBack } from './heirs.js';
import { type ObservedHost, remember, remembered } from './observed-host.js';

/**
 * Changes VIPs while no other process does, beginning with what one that was killed has left to do; `warn`: what of it is not done.
 * @throws WeirError lock-busy, state-file-damaged; SystemError; as `work`
 */
export const changingState = <T>(warn: (text: string) => void, work: (state: StateFile, netlink: Netlink) => T): T =>
  withState('vip', (state) =>
    using(new Netlink(), (netlink) => {
      putNotedBack(netlink, warn);
      return work(state, netlink);
    }),
  );

export type Adding = AddPlan & { readonly kind: 'add' };
export type Deleting = DeletePlan & { readonly kind: 'delete' };

/** As the kernel gets it. IPv6: this host has just asked who has it; and it is no source of new connections, as keepalived does it. */
function interfaceAddress({ ifindex, vip }: Adding, address: Address): InterfaceAddress {
  const value = { ifindex, address, prefixLength: vip.prefixLength, scope: AddressScope.global };
  if (address.family === 'inet6') return { ...value, flags: AddressFlag.permanent | AddressFlag.noDad, preferredLifetime: 0 };
  return { ...value, flags: AddressFlag.permanent, ...(vip.label === undefined ? {} : { label: vip.label }) };
}

/** @throws SystemError */
function putAddress(netlink: Netlink, plan: Adding, address: Address): void {
  const { address: text, prefixLength, interface: name } = plan.vip;
  netlink.change(addAddress(interfaceAddress(plan, address)), `add ${text}/${prefixLength} to ${name}`);
}

/** Remembered before it is there: a killed process leaves nothing that weir does not know. @throws WeirError state-file-damaged; SystemError */
export function addOwn(netlink: Netlink, state: StateFile, plan: Adding, address: Address): void {
  const others = remembered(state).filter((one) => one.address !== plan.vip.address);
  remember(state, [...others, plan.vip]);
  putAddress(netlink, plan, address);
}

/** `plan`: of this address; absent, it is forgotten all the same. @throws WeirError state-file-damaged; SystemError */
export function deleteOwn(
  netlink: Netlink,
  state: StateFile,
  {
    host,
    plan,
    address,
    name,
  }: { readonly host: ObservedHost; readonly plan: Deleting | undefined; readonly address: Address; readonly name: string },
): void {
  if (plan !== undefined) takeAddress(netlink, host, plan, name);
  const text = formatAddress(address);
  remember(
    state,
    remembered(state).filter((one) => one.address !== text || one.interface !== name),
  );
}

/** `host`: as it was before. @throws SystemError */
export function takeAddress(netlink: Netlink, host: ObservedHost, { vip, heirs }: Deleting, name: string): void {
  const raw = (one: VipAddress): readonly InterfaceAddress[] =>
    host.rawAddresses.filter(({ ifindex, address }) => ifindex === one.ifindex && sameAddress(address, one.address));
  keepingHeirs(netlink, heirs.flatMap(raw), () => {
    for (const one of raw(vip)) {
      const what = `remove ${formatAddress(vip.address)} from ${name}`;
      unlessCode(() => netlink.change(deleteAddress(one), what), ['EADDRNOTAVAIL'], undefined);
    }
  });
}
