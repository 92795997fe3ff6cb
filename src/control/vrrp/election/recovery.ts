// Coming back from FAULT: how long to listen first, and the ARP that a unicast node owes its network.

import { formatAddress } from '../../../model/address-text.js';
import { VRRP_OWNER_PRIORITY } from '../../../wire/vrrp.js';
import { log } from '../../machine.js';
import { instanceAt, type VrrpContext } from '../context.js';
import type { InstanceState } from '../state/instance-state.js';
import { masterDownUs, skewUs } from './timing.js';

/** It has nobody to wait for: priority 255 and `state MASTER`. */
export function isEagerOwner({ basePriority, config }: Pick<InstanceState, 'basePriority' | 'config'>): boolean {
  return basePriority === VRRP_OWNER_PRIORITY && config.initialState === 'master';
}

/** A whole down timer; an owner that is to be master waits one advert only. */
export function recoveryUs(instance: InstanceState): number {
  return isEagerOwner(instance) ? instance.advertUs + skewUs(instance) : masterDownUs(instance);
}

/** Peers may hold an old MAC for the address that adverts come from. */
export function sendOwnArp(context: VrrpContext, index: number): void {
  const { config, source } = instanceAt(context, index);
  if (config.unicast === undefined || config.interface === undefined || source === undefined) return;
  log(context, `${config.name}: sending gratuitous ARP for ${formatAddress(source)}`);
  context.effects.push({ kind: 'announce', instance: config.name, entries: [{ interface: config.interface, address: source }] });
}
