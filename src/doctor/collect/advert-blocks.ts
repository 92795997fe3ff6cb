// Tries each instance's adverts, as it sends them and as its peers do, on this host's packet filter.
import type { Address } from '../../model/address.js';
import { sameAddress } from '../../model/identity.js';
import type { AddressFact } from '../facts.js';
import { blocking } from '../packet-filter/blocking.js';
import type { Chain } from '../packet-filter/model.js';
import type { AdvertBlock, AdvertFact, VrrpInstanceFact } from '../vrrp-facts.js';

const isLinkLocal = ({ family, words }: Address): boolean => family === 'inet6' && (words[0] ?? 0) >>> 22 === 0xfe80 >>> 6;

/** Whose adverts come in: the peers that are named, or those that are heard; where nobody is, somebody of our own network. */
function senders(instance: VrrpInstanceFact, adverts: readonly AdvertFact[], own: Address): readonly Address[] {
  if (instance.unicast) return instance.destinations;
  const heard = adverts
    .filter(({ ifindex, vrid, source }) => ifindex === instance.ifindex && vrid === instance.vrid && source.family === instance.family)
    .map(({ source }) => source);
  const last = own.words.length - 1;
  return heard.length > 0 ? heard : [{ ...own, words: own.words.map((word, index) => (index === last ? (word ^ 1) >>> 0 : word)) }];
}

export function advertBlocks(
  instances: readonly VrrpInstanceFact[],
  addresses: readonly AddressFact[],
  adverts: readonly AdvertFact[],
  chains: readonly Chain[],
): readonly AdvertBlock[] {
  return instances.flatMap((instance) => {
    const { device, ifindex, name, authType, family, vips, unicast, destinations } = instance;
    const own = addresses.find(
      ({ address, ifindex: there }) =>
        there === ifindex &&
        address.family === family &&
        (family === 'inet' || unicast || isLinkLocal(address)) &&
        !vips.some((vip) => sameAddress(vip, address)),
    )?.address;
    if (own === undefined) return [];
    const protocol = authType === 2 ? 'ah' : 'vrrp';
    const tried = (way: 'in' | 'out', source: Address, destination: Address): readonly AdvertBlock[] => {
      const by = blocking(chains, { way, device, source, destination, protocol });
      return by === undefined ? [] : [{ instance: name, way, source, destination, protocol, by }];
    };
    return [
      ...senders(instance, adverts, own).flatMap((peer) => tried('in', peer, unicast ? own : (destinations[0] ?? own))),
      ...destinations.flatMap((destination) => tried('out', own, destination)),
    ];
  });
}
