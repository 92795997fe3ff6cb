// Is each VIP on an interface that is up, once, and with a prefix that takes nobody else's addresses?
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { AddressFact, DirectorFacts } from '../../facts.js';
import { contains, isLoopback, isUp, linkName, onWire, vipsOf } from '../../network.js';

function absent(facts: DirectorFacts, vip: Address): Finding {
  const text = formatAddress(vip);
  const [wire] = onWire(facts, vip);
  if (wire !== undefined) {
    const device = linkName(facts, wire.ifindex);
    return {
      severity: 'error',
      code: 'vip-absent',
      what: `VIP ${text} is on no interface`,
      cause: `nobody on ${device}'s wire answers ARP for it`,
      fix: `weir vip add ${text} --dev ${device}`,
    };
  }
  const uplink = facts.defaultRoutes[0]?.device;
  const device = uplink === undefined ? 'IF' : linkName(facts, uplink);
  return {
    severity: 'warning',
    code: 'vip-absent',
    what: `VIP ${text} is on no interface`,
    cause: 'it is in no subnet of this host: only a router that is told to send it here will',
    fix: `weir vip add ${text} --dev ${device}`,
  };
}

function wrongPlace(facts: DirectorFacts, vip: Address, place: AddressFact): readonly Finding[] {
  const text = formatAddress(vip);
  const link = facts.links.find(({ ifindex }) => ifindex === place.ifindex);
  const name = linkName(facts, place.ifindex);
  if (link !== undefined && !isUp(link)) {
    return [
      {
        severity: 'error',
        code: 'vip-down',
        what: `VIP ${text} is not reachable`,
        cause: `${name}, where it is, is down`,
        fix: `ip link set ${name} up`,
      },
    ];
  }
  if (link !== undefined && isLoopback(link)) {
    const [wire] = onWire(facts, vip);
    const better = wire?.ifindex ?? facts.defaultRoutes[0]?.device;
    const device = better === undefined ? 'IF' : linkName(facts, better);
    return [
      {
        severity: 'warning',
        code: 'vip-on-lo',
        what: `VIP ${text} is on ${name}`,
        cause: 'that is the place of a real server: it is not announced, and silent where arp_ignore is set',
        fix: `ip addr del ${text}/${place.prefixLength} dev ${name}; weir vip add ${text} --dev ${device}`,
      },
    ];
  }
  const others = facts.addresses.filter(({ ifindex, address }) => ifindex === place.ifindex && !sameAddress(address, vip));
  const wider = others.find((one) => one.prefixLength > place.prefixLength && one.prefixLength < 32 && contains(place, one.address));
  if (place.prefixLength < 32 && wider !== undefined) {
    return [
      {
        severity: 'warning',
        code: 'vip-prefix',
        what: `VIP ${text}/${place.prefixLength} makes more than ${name}'s own subnet local`,
        cause: `${name} has ${formatAddress(wider.address)}/${wider.prefixLength}; what lies between is asked for by ARP instead of sent to a router`,
        fix: `ip addr del ${text}/${place.prefixLength} dev ${name}; weir vip add ${text} --dev ${name}`,
      },
    ];
  }
  return [];
}

export function vipPresentRule(facts: DirectorFacts): readonly Finding[] {
  return vipsOf(facts.services).flatMap((vip): readonly Finding[] => {
    const places = facts.addresses.filter(({ address }) => sameAddress(address, vip));
    const [first, second] = places;
    if (first === undefined) return [absent(facts, vip)];
    const text = formatAddress(vip);
    const twice: readonly Finding[] =
      second === undefined || second.ifindex === first.ifindex
        ? []
        : [
            {
              severity: 'warning',
              code: 'vip-twice',
              what: `VIP ${text} is on two interfaces`,
              cause: `${linkName(facts, first.ifindex)} and ${linkName(facts, second.ifindex)} both answer for it`,
              fix: `ip addr del ${text}/${second.prefixLength} dev ${linkName(facts, second.ifindex)}`,
            },
          ];
    return [...twice, ...places.flatMap((place) => wrongPlace(facts, vip, place))];
  });
}
