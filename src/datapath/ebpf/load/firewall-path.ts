// The way of new connections through the host's packet filter (`weir load --firewall honour`): the programs pass them to the stack, and what
// its rules accept comes back from INPUT by weir's pair (firewall-table.ts), where the programs balance it.
import type { Address, Family } from '../../../model/address.js';
import { isSystemError, unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import type { Netlink } from '../../../sys/netlink/netlink.js';
import { Nftables } from '../../../sys/netlink/nftables.js';
import { encodeAddress } from '../../../wire/address-bytes.js';
import type { Mac } from '../../../wire/ethernet.js';
import { NftFamily } from '../../../wire/nftables.js';
import { decodeLink, dumpLinks } from '../../../wire/rtnetlink-link.js';
import { decodeNeighbour, lookUpNeighbour, NeighbourState, setNeighbour } from '../../../wire/rtnetlink-neighbour.js';
import { addRoute, RouteProtocol, RouteScope, RouteTable, RouteType } from '../../../wire/rtnetlink-route.js';
import { Conf } from '../abi.gen.js';
import { asksFirewall, hasFirewallPath, markForFirewall, pairHasIpv6, servicesByAddress } from '../table/firewall.js';
import { FAMILIES } from '../table/marks.js';
import { Tables } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { FIREWALL_TABLE, firewallMessages } from './firewall-table.js';
import { isLoaded } from './load.js';
import { preparePair } from './mark-path.js';
import { pairOf, setPairIpv6 } from './pair.js';
import type { OnNotice } from './refused-xdp.js';

/** Behind weir0, of no device: how the programs know what was accepted, as in bpf/director/send.h. */
export const ACCEPTED_MAC: Mac = '02:77:65:69:72:02';
/** Where the copies are sent; no host has these addresses. 77 is "w" less 42. */
const GATEWAYS: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0xa9fe4d01] },
  inet6: { family: 'inet6', words: [0xfe800000, 0, 0, 0x77656972] },
};
const NFT_FAMILIES: Readonly<Record<Family, number>> = { inet: NftFamily.ip, inet6: NftFamily.ip6 };

function leadToGateway(netlink: Netlink, family: Family, ifindex: number): void {
  const destination = GATEWAYS[family];
  const route = {
    family,
    destination,
    prefixLength: family === 'inet' ? 32 : 128,
    table: RouteTable.main,
    protocol: RouteProtocol.kernel,
    scope: RouteScope.link,
    type: RouteType.unicast,
    ifindex,
  };
  unlessCode(() => netlink.change(addRoute(route), 'add the route of accepted connections'), ['EEXIST'], undefined);
  const neighbour = { ifindex, address: destination, state: NeighbourState.permanent, flags: 0, mac: ACCEPTED_MAC };
  netlink.change(setNeighbour(neighbour), 'add the neighbour of accepted connections');
}

function familiesOf(tables: Tables): readonly Family[] {
  const services = servicesByAddress(tables);
  return FAMILIES.filter((family) => services.some(({ key }) => key.address.family === family));
}

/** Do the copies get back by the pair as it is now? One that was removed and made again, or was down, has lost route and neighbour. */
export function leadsBack(netlink: Netlink, tables: Tables): boolean {
  const ifindex = tables.conf.get(0, Conf.pairIfindex);
  const ask = (family: Family): Uint8Array | undefined =>
    unlessCode(() => netlink.get(lookUpNeighbour(ifindex, GATEWAYS[family]), 'look up a neighbour'), ['ENOENT'], undefined);
  return familiesOf(tables).every((family) => decodeNeighbour(ask(family) ?? new Uint8Array(0))?.mac === ACCEPTED_MAC);
}

/** Are the tables of nft there that the services need? A foreign `flush ruleset` takes them away, `flush table` what is in them. */
export function hasFirewallTables(tables: Tables): boolean {
  const families = familiesOf(tables);
  try {
    return using(new Nftables(), (nft) => families.every((family) => nft.hasRules(NFT_FAMILIES[family], FIREWALL_TABLE)));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return false; // this kernel has no nf_tables: making them reports it
  }
}

function make(netlink: Netlink, interfaces: AttachedInterfaces): void {
  const { tables } = interfaces;
  const { near, far } = pairOf(netlink.dump(dumpLinks(), decodeLink, 'list the interfaces'));
  if (near === undefined || far === undefined) return; // the next command makes it
  const services = servicesByAddress(tables);
  preparePair(netlink, { near, far });
  interfaces.attachPairToFirewall();
  const keys = services.map(({ key }) => key);
  const sloppyTcp = tables.conf.get(0, Conf.sloppyTcp) !== 0;
  setPairIpv6(pairHasIpv6(tables));
  for (const family of FAMILIES) {
    const has = keys.some(({ address }) => address.family === family);
    if (has) leadToGateway(netlink, family, near.ifindex);
    const gateway = encodeAddress(GATEWAYS[family]);
    const messages = firewallMessages(family, { services: keys, near: near.ifindex, far: far.ifindex, gateway, sloppyTcp });
    using(new Nftables(), (nft) => nft.commit(messages, `make the nft table ${FIREWALL_TABLE}`));
  }
  markForFirewall(tables, true);
}

/** New connections are balanced without it again, and nothing of the way stays but what the pair has. @throws SystemError */
function removeFirewallPath(tables: Tables): void {
  markForFirewall(tables, false);
  using(new Nftables(), (nft) => {
    for (const family of FAMILIES) {
      if (!nft.hasTable(NFT_FAMILIES[family], FIREWALL_TABLE)) continue;
      nft.commit(
        firewallMessages(family, { services: [], near: 0, far: 0, gateway: new Uint8Array(0), sloppyTcp: false }),
        'remove an nft table',
      );
    }
  });
}

/** As the datapath goes. Without nf_tables there is nothing. */
export function dropFirewallPath(folder: string): void {
  if (!isLoaded(folder)) return;
  const tables = new Tables(folder);
  if (hasFirewallPath(tables)) removeFirewallPath(tables);
}

/**
 * Makes the way what setting and services need. Where the kernel refuses something of it, new connections are balanced in front of the packet
 * filter, and a notice reports it. True: they pass it.
 */
export function followFirewall(netlink: Netlink, interfaces: AttachedInterfaces, onNotice: OnNotice): boolean {
  const { tables } = interfaces;
  try {
    if (asksFirewall(tables)) {
      make(netlink, interfaces);
      return true;
    }
    removeFirewallPath(tables);
    setPairIpv6(pairHasIpv6(tables));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    markForFirewall(tables, false);
    onNotice(`new connections do not pass the packet filter: ${error.message}; every command tries again`);
  }
  return false;
}
