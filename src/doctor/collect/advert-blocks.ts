// Evaluates this host's packet filter for each instance's adverts: its own and those of its peers.
import { type Address, isLinkLocal } from '../../model/address.js';
import { sameAddress } from '../../model/identity.js';
import type { AddressFact } from '../facts.js';
import { blockingRule } from '../packet-filter/blocking.js';
import type { Chain } from '../packet-filter/model.js';
import type { AdvertBlock, AdvertFact, VrrpInstanceFact } from '../vrrp-facts.js';

/** Whose adverts come in: the configured peers, or the senders received from; without any, another address of our own subnet. */
function senders(instance: VrrpInstanceFact, adverts: readonly AdvertFact[], own: Address): readonly Address[] {
  if (instance.unicast) return instance.destinations;
  const received = adverts
    .filter(({ ifindex, vrid, source }) => ifindex === instance.ifindex && vrid === instance.vrid && source.family === instance.family)
    .map(({ source }) => source);
  const last = own.words.length - 1;
  return received.length > 0 ? received : [{ ...own, words: own.words.map((word, index) => (index === last ? (word ^ 1) >>> 0 : word)) }];
}

export function advertBlocks(
  instances: readonly VrrpInstanceFact[],
  addresses: readonly AddressFact[],
  adverts: readonly AdvertFact[],
  chains: readonly Chain[],
): readonly AdvertBlock[] {
  return instances.flatMap((instance) => {
    const { interfaceName, ifindex, name, authType, family, vips, unicast, destinations } = instance;
    const own = addresses.find(
      ({ address, ifindex: there }) =>
        there === ifindex &&
        address.family === family &&
        (family === 'inet' || unicast || isLinkLocal(address)) &&
        !vips.some((vip) => sameAddress(vip, address)),
    )?.address;
    if (own === undefined) return [];
    const protocol = authType === 2 ? 'ah' : 'vrrp';
    const blocksOf = (direction: 'in' | 'out', source: Address, destination: Address): readonly AdvertBlock[] => {
      const by = blockingRule(chains, { direction, interfaceName, source, destination, protocol });
      return by === undefined ? [] : [{ instance: name, direction, source, destination, protocol, by }];
    };
    return [
      ...senders(instance, adverts, own).flatMap((peer) => blocksOf('in', peer, unicast ? own : (destinations[0] ?? own))),
      ...destinations.flatMap((destination) => blocksOf('out', own, destination)),
    ];
  });
}
