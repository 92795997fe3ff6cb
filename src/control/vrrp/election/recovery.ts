// Coming back from FAULT: how long to listen first, and the ARP that a unicast node owes its network.
import { formatAddress } from '../../../model/address-text.js';
import type { InstanceState } from '../state.js';
import { instanceAt, say, type Work } from '../step-context.js';
import { isEagerOwner } from '../track/health.js';
import { masterDownUs, skewUs } from './timing.js';

/** A whole down timer; an owner that is to be master waits one advert only. */
export function recoveryUs(instance: InstanceState): number {
  return isEagerOwner(instance) ? instance.advertUs + skewUs(instance) : masterDownUs(instance);
}

/** Peers may hold an old MAC for the address that adverts come from. */
export function sendOwnArp(work: Work, index: number): void {
  const { config, source } = instanceAt(work, index);
  if (config.unicast === undefined || config.interface === undefined || source === undefined) return;
  say(work, `${config.name}: sending gratuitous ARP for ${formatAddress(source)}`);
  work.effects.push({ kind: 'announce', instance: config.name, entries: [{ interface: config.interface, address: source }] });
}
