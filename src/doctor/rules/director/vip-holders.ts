// Does another host answer ARP for a VIP? Clients then bypass the director, all of them or some.
import type { Address } from '../../../model/address.js';
import { askedBy, formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { withAddress } from '../../address-index.js';
import type { DirectorFacts } from '../../facts.js';
import {
  BOTH_FAMILIES,
  interfaceNameOf,
  isAddressOf,
  isServer,
  proxyOf,
  realServersOf,
  subnetsWith,
  vipsOf,
  vrrpAddress,
} from '../../network.js';

/** The real servers whose MAC this is. */
function owners(facts: DirectorFacts, mac: string): readonly Address[] {
  const servers = realServersOf(facts.services, BOTH_FAMILIES);
  return servers.filter((server) => withAddress(facts.holders, server).some((holder) => holder.mac === mac));
}

/** An address of a router whose MAC this is: it then answers for others' addresses (proxy ARP). */
export function routerWith(facts: DirectorFacts, mac: string): string | undefined {
  const routers = [...facts.paths, ...facts.clients.map(({ path }) => path)].flatMap(({ gateway }) => gateway ?? []);
  const holder = facts.holders.find((one) => one.mac === mac && routers.some((router) => sameAddress(router, one.address)));
  return holder && formatAddress(holder.address);
}

/** Whether clients, or their router, ask for the VIP on this interface: its subnet is there, or in no place, or they are behind it. */
function isAskedThere(facts: DirectorFacts, vip: Address, ifindex: number): boolean {
  const subnets = subnetsWith(facts, vip);
  if (subnets.length === 0 || subnets.some((one) => one.ifindex === ifindex)) return true;
  const behind = facts.clients.some(({ client, path, seen }) => seen && path.ifindex === ifindex && !isServer(facts, client));
  return behind || facts.defaultRoutes.some((route) => route.ifindex === ifindex);
}

export function vipHoldersRule(facts: DirectorFacts): readonly Finding[] {
  return vipsOf(facts.services, BOTH_FAMILIES).flatMap((vip) => {
    const [text, asked] = [formatAddress(vip), askedBy(vip)];
    const managed = vrrpAddress(facts, vip);
    const here = isAddressOf(facts, vip);
    return withAddress(facts.holders, vip)
      .filter(({ mac }) => here || owners(facts, mac).length > 0) // Else vip-absent names it.
      .flatMap(({ mac, ifindex }): Finding | readonly Finding[] => {
        const interfaceName = interfaceNameOf(facts, ifindex);
        const names = owners(facts, mac).map(formatAddress);
        const [server] = names;
        if (server !== undefined) {
          return {
            severity: isAskedThere(facts, vip, ifindex) ? 'error' : 'info',
            code: 'vip-answered-by-server',
            what: `real server ${names.join(', ')} answers ${asked} for VIP ${text} on ${interfaceName} (${mac})`,
            cause: `${vip.family === 'inet' ? 'either it is on an interface there, or arp_ignore and arp_announce do not hide it' : 'either it is on an interface there, or a proxy entry (ip -6 neigh show proxy) answers'}: ${isAskedThere(facts, vip, ifindex) ? 'clients' : 'clients in that network alone'} bypass the director`,
            on: server,
            // On an interface no value of arp_ignore hides it, and `start` refuses it.
            fix: `ip addr flush to ${text}; weir realserver start --vip ${text}`,
          };
        }
        // The other node of the pair; the rules of VRRP report it where this node has the VIP, too.
        if (managed !== undefined) return [];
        const router = routerWith(facts, mac);
        return {
          severity: 'error',
          code: 'vip-answered-by-other',
          what: `${mac} answers ${asked} for VIP ${text} on ${interfaceName}`,
          cause:
            router === undefined
              ? `it is not a real server of this table: either another director, or a host with the same address, or a router with ${proxyOf(vip)}`
              : `it is the router ${router}: ${proxyOf(vip)} is on there, or it has the address`,
          advice: `find it (ip neigh; the switch's table of ${mac}) and remove ${text} from it`,
        };
      });
  });
}
