// Recovery from FAULT: how long to wait first, and the gratuitous ARP of a unicast node.

import { formatAddress } from '../../../model/address-text.js';
import { VRRP_OWNER_PRIORITY } from '../../../wire/vrrp.js';
import { log } from '../../machine.js';
import { instanceAt, type VrrpContext } from '../context.js';
import type { InstanceState } from '../state/instance-state.js';
import { masterDownUs, skewUs } from './timing.js';

/** Priority 255 and `state MASTER`: it need not wait for another master, unless it is released. */
export function isEagerOwner({ basePriority, config, release }: Pick<InstanceState, 'basePriority' | 'config' | 'release'>): boolean {
  return release === undefined && basePriority === VRRP_OWNER_PRIORITY && config.initialState === 'master';
}

/** The down timer; an owner with `state MASTER` waits for one advert only. */
export function recoveryUs(instance: InstanceState): number {
  return isEagerOwner(instance) ? instance.advertUs + skewUs(instance) : masterDownUs(instance);
}

/** Peers may have an old MAC for the source address of our adverts. */
export function sendOwnArp(context: VrrpContext, index: number): void {
  const { config, source } = instanceAt(context, index);
  if (config.unicast === undefined || config.interface === undefined || source === undefined) return;
  log(context, `${config.name}: sending gratuitous ARP for ${formatAddress(source)}`);
  context.effects.push({ kind: 'announce', instance: config.name, entries: [{ interface: config.interface, address: source }] });
}
