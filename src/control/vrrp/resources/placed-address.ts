// A virtual address with the interface that it goes to, and when two of them are the same for the kernel.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { HostAddress } from '../../../model/keepalived/network.js';
import { valueText } from '../../value-text.js';
import { addressInterface } from '../interfaces/placement.js';
import type { VrrpMachine } from '../state/vrrp-machine.js';

/** An address and its interface. */
export interface PlacedAddress {
  readonly host: HostAddress;
  readonly interface: string;
}

/** Addresses with their interfaces in a configuration. */
export function place(
  { configuration }: Pick<VrrpMachine, 'configuration'>,
  config: VrrpInstance,
  hosts: readonly HostAddress[],
): readonly PlacedAddress[] {
  return hosts.map((host) => ({ host, interface: addressInterface({ configuration }, config, host) }));
}

/** A key of as much of an object as the kernel knows: `no_track` is weir's own. */
export function kernelText(one: object): string {
  return valueText({ ...one, noTrack: undefined });
}

/** A key that equals that of the same address on the same interface, whether the line names the interface or not. */
export const placeText = ({ host, interface: dev }: PlacedAddress): string => kernelText({ ...host, dev });
