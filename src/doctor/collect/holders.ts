// Which hosts answer ARP for the VIPs, the real servers, the gateways and this host's own addresses.
import type { AddressAnswer, AddressQuestion } from '../../host/address-probe.js';
import { probeArp } from '../../host/arp.js';
import type { Address, Family } from '../../model/address.js';
import { addressId } from '../../model/identity.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { decodeNeighbour, dumpNeighbours, NeighbourState } from '../../wire/rtnetlink-neighbour.js';
import { withAddress } from '../address-index.js';
import type { HolderFact, HostFacts, NeighbourFact, PathFact } from '../facts.js';
import { isCarrying, subnetsWith, usesArp } from '../network.js';

/** Addresses that are asked for by ARP on one interface. */
export const PROBES_MAX = 1024;

export interface Holders {
  readonly holders: readonly HolderFact[];
  /** Ids of addresses that were not asked for. */
  readonly unasked: ReadonlySet<string>;
  /** Neighbours that did not answer an ordinary request either. */
  readonly silent: readonly { readonly ifindex: number; readonly address: Address }[];
}

const USABLE = NeighbourState.reachable | NeighbourState.stale | NeighbourState.delay | NeighbourState.probe;

export function collectNeighbours(netlink: Netlink, family: Family = 'inet'): readonly NeighbourFact[] {
  return netlink.dump(dumpNeighbours(family), decodeNeighbour, 'list neighbours').flatMap(({ ifindex, address, mac, state }) => {
    const permanent = (state & NeighbourState.permanent) !== 0;
    return mac === undefined || (!permanent && (state & USABLE) === 0) ? [] : [{ ifindex, address, mac, permanent }];
  });
}

/** Who has one of the addresses, not who is about to take it. */
export function holdersIn(answers: readonly AddressAnswer[]): readonly HolderFact[] {
  return answers.filter(({ kind }) => kind === 'holds').map(({ ifindex, address, mac }) => ({ ifindex, address, mac }));
}

/** `paths`: of the real servers. `gateways`: those that have to answer. */
export function collectHolders(
  host: HostFacts,
  vips: readonly Address[],
  paths: readonly PathFact[],
  gateways: readonly { readonly ifindex: number; readonly address: Address }[],
  neighbours: readonly NeighbourFact[],
): Holders {
  const vipIds = new Set(vips.map(addressId));
  const servers = paths.filter(({ kind, to }) => kind !== 'local' && !vipIds.has(addressId(to)));
  const ports = host.interfaces.filter((iface) => usesArp(iface) && isCarrying(iface));
  const own = new Set(host.interfaces.flatMap(({ mac }) => mac ?? []));
  const unasked = new Set<string>();
  const ask = (questions: readonly AddressQuestion[]): readonly HolderFact[] => holdersIn(probeArp(questions, own));
  /** Whom an interface leads to. */
  const neighboursAt = (ifindex: number): readonly Address[] => [
    ...servers.filter((path) => path.kind === 'direct' && path.ifindex === ifindex).map(({ to }) => to),
    ...gateways.filter((one) => one.ifindex === ifindex).map(({ address }) => address),
  ];

  const first = ask(
    ports.flatMap(({ ifindex, mac }): AddressQuestion[] => {
      const local = host.addresses
        .filter((one) => one.ifindex === ifindex && !vipIds.has(addressId(one.address)))
        .map(({ address }) => address);
      const fixed = neighbours.filter((one) => one.permanent && one.ifindex === ifindex).map(({ address }) => address);
      const all = [...new Map([...vips, ...local, ...neighboursAt(ifindex), ...fixed].map((one) => [addressId(one), one])).values()];
      for (const address of all.slice(PROBES_MAX)) unasked.add(addressId(address));
      return mac === undefined ? [] : [{ ifindex, mac, addresses: all.slice(0, PROBES_MAX) }];
    }),
  );

  // Whoever was silent is asked once more: there by an ordinary request, and elsewhere, where its cable may be.
  const answered = new Set(first.map(({ ifindex, address }) => `${ifindex} ${addressId(address)}`));
  const isSilent = ({ to, kind, ifindex }: PathFact): boolean => kind !== 'direct' || !answered.has(`${ifindex} ${addressId(to)}`);
  const lost = servers.filter(isSilent).map(({ to }) => to);
  const again: { readonly ifindex: number; readonly address: Address }[] = [];
  const second = ask(
    ports.flatMap(({ ifindex, mac }): AddressQuestion[] => {
      if (mac === undefined) return [];
      const here = neighboursAt(ifindex).filter((one) => !answered.has(`${ifindex} ${addressId(one)}`));
      const from = (here[0] && subnetsWith(host, here[0]).find((one) => one.ifindex === ifindex && !vipIds.has(addressId(one.address))))
        ?.address;
      const asked = new Set(here);
      const others = lost.filter((one) => !asked.has(one));
      if (from !== undefined) again.push(...here.slice(0, PROBES_MAX).map((address) => ({ ifindex, address })));
      return [
        { ifindex, mac, addresses: here.slice(0, PROBES_MAX), ...(from === undefined ? {} : { from }) },
        { ifindex, mac, addresses: others.slice(0, PROBES_MAX) },
      ];
    }),
  );
  const silent = again.filter(({ ifindex, address }) => !withAddress(second, address).some((one) => one.ifindex === ifindex));
  return { holders: [...first, ...second], unasked, silent };
}
