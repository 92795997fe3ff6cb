// The VIPs that weir has added to this host, by weir vip and weir apply, as they are now: those of weir.yaml are among them.
import { interfaceName, type SavedVip } from '../control/vip/plan.js';
import { observeVips } from '../host/vip/observed-host.js';
import { formatAddress } from '../model/address-text.js';

export interface AddedVip extends SavedVip {
  /** It is on its interface. */
  readonly present: boolean;
}

/** @throws WeirError state-file-damaged; SystemError */
export function addedVips(): readonly AddedVip[] {
  const { host, saved } = observeVips();
  const there = new Set(host.addresses.map(({ address, ifindex }) => `${formatAddress(address)} ${interfaceName(host, ifindex)}`));
  return saved.map((vip) => ({ ...vip, present: there.has(`${vip.address} ${vip.interface}`) }));
}
