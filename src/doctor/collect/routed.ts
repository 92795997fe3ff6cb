// What the director's rules need about servers of VS/TUN and FULLNAT: both may be behind routers, and a tunnel may be of the other family.
import type { Address } from '../../model/address.js';
import { addressId } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import type { DirectorFacts, HostFacts, ServiceFact } from '../facts.js';
import { BOTH_FAMILIES, vipsOf, vrrpAddress } from '../network.js';
import type { DirectorIpv6 } from './director-ipv6.js';
import { collectPath } from './host.js';
import { collectRoutedHandovers, type RoutedAnswers } from './probe/routed-handovers.js';
import type { Sending } from './probe/routed-plan.js';

function localsOf(services: readonly ServiceFact[]): readonly Address[] {
  const all = services.flatMap(({ destinations }) => destinations.flatMap(({ localAddresses = [] }) => localAddresses));
  return [...new Map(all.map((address) => [addressId(address), address])).values()];
}

/** `four`, `six`: what was found of either family; IPv6 may be absent. @throws SystemError */
export function collectRouted(
  netlink: Netlink,
  host: HostFacts,
  services: readonly ServiceFact[],
  four: Sending,
  six: DirectorIpv6 | undefined,
): RoutedAnswers & Pick<DirectorFacts, 'absentLocals'> {
  const locals = localsOf(services);
  const absent = locals.filter((address) => collectPath(netlink, address).kind !== 'local');
  const answers = collectRoutedHandovers(host, {
    services,
    sending: { inet: four, ...(six === undefined ? {} : { inet6: six.sending }) },
    hosts: { inet: host, ...(six === undefined ? {} : { inet6: six.host }) },
    serving: new Set([...vipsOf(services, BOTH_FAMILIES), ...locals].map(addressId)),
    elsewhere: new Set(absent.filter((address) => vrrpAddress(host, address) !== undefined).map(addressId)),
  });
  return { ...answers, absentLocals: absent };
}
