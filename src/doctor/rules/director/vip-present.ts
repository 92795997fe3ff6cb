// Is each VIP on one interface that is up, with a prefix that does not include other hosts' addresses?
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { AddressFact, DirectorFacts } from '../../facts.js';
import { contains, interfaceNameOf, isLoopback, isUp, subnetsWith, vipsOf, vrrpAddress } from '../../network.js';

function absent(facts: DirectorFacts, vip: Address): Finding {
  const text = formatAddress(vip);
  const [subnet] = subnetsWith(facts, vip);
  if (subnet !== undefined) {
    const interfaceName = interfaceNameOf(facts, subnet.ifindex);
    return {
      severity: 'error',
      code: 'vip-absent',
      what: `VIP ${text} is on no interface`,
      cause: `no host answers ARP for it on ${interfaceName}`,
      fix: `weir vip add ${text} --dev ${interfaceName}`,
    };
  }
  const uplink = facts.defaultRoutes[0]?.ifindex;
  const interfaceName = uplink === undefined ? 'IF' : interfaceNameOf(facts, uplink);
  return {
    severity: 'warning',
    code: 'vip-absent',
    what: `VIP ${text} is on no interface`,
    cause: 'it is in no subnet of this host, so packets arrive only if a router has a route for it to this host',
    fix: `weir vip add ${text} --dev ${interfaceName}`,
  };
}

function wrongPlace(facts: DirectorFacts, vip: Address, place: AddressFact): readonly Finding[] {
  const text = formatAddress(vip);
  const managed = vrrpAddress(facts, vip);
  const iface = facts.interfaces.find(({ ifindex }) => ifindex === place.ifindex);
  const name = interfaceNameOf(facts, place.ifindex);
  if (iface !== undefined && !isUp(iface)) {
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
  if (iface !== undefined && isLoopback(iface)) {
    const [subnet] = subnetsWith(facts, vip);
    const better = subnet?.ifindex ?? facts.defaultRoutes[0]?.ifindex;
    const interfaceName = better === undefined ? 'IF' : interfaceNameOf(facts, better);
    return [
      {
        severity: 'warning',
        code: 'vip-on-lo',
        what: `VIP ${text} is on ${name}`,
        cause: 'that is where a real server has it: it is not announced, and not answered where arp_ignore is set',
        fix: `ip addr del ${text}/${place.prefixLength} dev ${name}; weir vip add ${text} --dev ${interfaceName}`,
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
        cause: `${name} has ${formatAddress(wider.address)}/${wider.prefixLength}; this host uses ARP instead of a router for the addresses between`,
        ...(managed === undefined
          ? { fix: `ip addr del ${text}/${place.prefixLength} dev ${name}; weir vip add ${text} --dev ${name}` }
          : { advice: `${text}/32 in virtual_ipaddress of ${managed.file} on every node, then reload keepalived` }),
      },
    ];
  }
  return [];
}

const isOnLoopback = (facts: DirectorFacts, ifindex: number): boolean =>
  facts.interfaces.some((iface) => iface.ifindex === ifindex && isLoopback(iface));

export function vipPresentRule(facts: DirectorFacts): readonly Finding[] {
  return vipsOf(facts.services).flatMap((vip): readonly Finding[] => {
    const managed = vrrpAddress(facts, vip) !== undefined;
    // A node that is a real server, too, has the address of VRRP on lo whether it is master or not.
    const places = facts.addresses.filter(
      ({ address, ifindex }) => sameAddress(address, vip) && !(managed && isOnLoopback(facts, ifindex)),
    );
    const [first, second] = places;
    if (first === undefined) return managed ? [] : [absent(facts, vip)];
    const text = formatAddress(vip);
    const twice: readonly Finding[] =
      second === undefined || second.ifindex === first.ifindex
        ? []
        : [
            {
              severity: 'warning',
              code: 'vip-twice',
              what: `VIP ${text} is on two interfaces`,
              cause: `${interfaceNameOf(facts, first.ifindex)} and ${interfaceNameOf(facts, second.ifindex)} both answer for it`,
              fix: `ip addr del ${text}/${second.prefixLength} dev ${interfaceNameOf(facts, second.ifindex)}`,
            },
          ];
    return [...twice, ...places.flatMap((place) => wrongPlace(facts, vip, place))];
  });
}
