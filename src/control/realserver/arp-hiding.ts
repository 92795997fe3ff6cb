// Whether ARP hides an address on an interface: by the sysctls, or by rules of nft or arptables.
import type { Address } from '../../model/address.js';
import { contains } from '../../model/subnet.js';
import type { ArpRule } from './arp-rules.js';
import { hides } from './arp-settings.js';

export interface ArpBehaviour {
  /** The larger value of `all` and the interface. */
  readonly arpIgnore: number;
  readonly arpAnnounce: number;
  /** It answers requests for the address. */
  readonly answers: boolean;
  /** It may send requests with the address as their sender. */
  readonly announces: boolean;
}

/** `vip` on an interface of this name, with these values and rules. */
export function arpBehaviour(
  vip: Address,
  interfaceName: string,
  { arpIgnore, arpAnnounce }: { readonly arpIgnore: number; readonly arpAnnounce: number },
  rules: readonly ArpRule[],
): ArpBehaviour {
  const about = rules.filter((rule) => contains(rule, vip) && (rule.interfaceName === undefined || rule.interfaceName === interfaceName));
  const stops = (direction: ArpRule['direction'], operation: string): boolean =>
    about.some((rule) => rule.direction === direction && (rule.operation === undefined || rule.operation === operation));
  return {
    arpIgnore,
    arpAnnounce,
    answers: !hides('arp_ignore', arpIgnore) && !stops('in', 'request') && !stops('out', 'reply'),
    announces: !hides('arp_announce', arpAnnounce) && !stops('out', 'request'),
  };
}
