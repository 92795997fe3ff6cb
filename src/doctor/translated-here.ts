// The VIPs whose packets this host's packet filter leads elsewhere on this host: REDIRECT, DNAT, TPROXY.
import type { Address } from '../model/address.js';
import { using } from '../sys/fd.js';
import { Netlink } from '../sys/netlink/netlink.js';
import { collectFilterChains } from './collect/filter-chains.js';
import { collectHost } from './collect/host.js';
import { collectHostIpv6 } from './collect/host-ipv6.js';
import { clusterInterfaces } from './network.js';
import { translatedVips } from './server-arrivals.js';

/** `vips` absent: those that rules name. */
export function translatedHere(vips: readonly Address[] | undefined): readonly Address[] {
  const names = using(new Netlink(), (netlink) => {
    const host = collectHost(netlink);
    const facing = [host, collectHostIpv6(netlink, host).host].flatMap(clusterInterfaces);
    return [...new Set(facing.map(({ name }) => name))];
  });
  return translatedVips(collectFilterChains().chains, vips, names);
}
