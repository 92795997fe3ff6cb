// Is each VIP on one interface where clients' ARP requests are answered, with a prefix that does not include other hosts' addresses?

import { sysctlWord } from '../../../control/realserver/arp-settings.js';
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import { withAddress, withSubnet } from '../../address-index.js';
import type { AddressFact, DirectorFacts } from '../../facts.js';
import { contains, effective, interfaceNameOf, isLoopback, setting, subnetsWith, vipsOf, vrrpAddress } from '../../network.js';
import { troubleOf } from '../interface-trouble.js';
import { moveServices } from './commands.js';
import { addVipCommand, isInFile } from './not-applied.js';

/** Addresses of this host that look like VIPs (a /32, or not the first one of its subnet), and that no service has. */
function unusedVips(facts: DirectorFacts): readonly Address[] {
  const vips = new Set(vipsOf(facts.services).map(addressId));
  const loopbacks = new Set(facts.interfaces.filter(isLoopback).map(({ ifindex }) => ifindex));
  const free = facts.addresses.filter(({ address, ifindex }) => !vips.has(addressId(address)) && !loopbacks.has(ifindex));
  const isFurther = (one: AddressFact): boolean =>
    withSubnet(facts.addresses).find(({ ifindex, address }) => ifindex === one.ifindex && contains(one, address)) !== one;
  return free
    .filter((one) => (one.prefixLength === 32 || isFurther(one)) && vrrpAddress(facts, one.address) === undefined)
    .map(({ address }) => address);
}

function absent(facts: DirectorFacts, vip: Address, unusedVipsHere: () => readonly Address[]): Finding {
  const text = formatAddress(vip);
  const [subnet] = subnetsWith(facts, vip);
  const what = `VIP ${text} is on no interface`;
  const arriving = facts.drops?.recent.get('not_local') ?? 0;
  const severity = subnet === undefined && arriving === 0 ? 'warning' : 'error';
  const unused = unusedVipsHere().find((address) => subnet === undefined || contains(subnet, address));
  const add = (ifindex: number | undefined): string => addVipCommand(facts, vip, interfaceNameOf(facts, ifindex));
  if (unused !== undefined && !isInFile(facts, vip)) {
    const cause = `this host has ${formatAddress(unused)}, which no service has: either the services' address is wrong, or that one`;
    const moved = moveServices(facts.services, vip, unused);
    const advice = `if ${text} is right: ${add(subnet?.ifindex ?? facts.defaultRoutes[0]?.ifindex)}; if ${formatAddress(unused)} is: ${moved ?? 'move the services there (ipvsadm-save, ipvsadm-restore)'}`;
    return { severity, code: 'vip-absent', what, cause, advice };
  }
  if (subnet !== undefined) {
    const interfaceName = interfaceNameOf(facts, subnet.ifindex);
    const [holder] = withAddress(facts.holders, vip);
    if (holder !== undefined) {
      const there = `${holder.mac} answers ARP for it on ${interfaceNameOf(facts, holder.ifindex)}`;
      return {
        severity,
        code: 'vip-absent',
        what,
        cause: there,
        advice: `where that is no other director: remove ${text} there, then ${add(subnet.ifindex)}`,
      };
    }
    return {
      severity,
      code: 'vip-absent',
      what,
      cause: `no host answers ARP for it on ${interfaceName}`,
      fix: add(subnet.ifindex),
    };
  }
  const uplink = facts.defaultRoutes[0]?.ifindex;
  return {
    severity,
    code: 'vip-absent',
    what,
    cause:
      arriving === 0
        ? 'it is in no subnet of this host, so packets arrive only if a router has a route for it to this host'
        : `packets for it arrive here (${arriving} not balanced lately): a router has a route for it to this host`,
    ...(uplink === undefined && !isInFile(facts, vip) ? {} : { fix: add(uplink) }),
  };
}

/** Values of arp_ignore: 1 and 2 answer for addresses of the same interface only, 8 never. */
function ignoresArp(facts: DirectorFacts, name: string, elsewhere: boolean): boolean {
  const value = effective(facts, name, 'arp_ignore');
  return value === 8 || (elsewhere && (value === 1 || value === 2));
}

function arpIgnored(facts: DirectorFacts, vip: string, name: string): Finding {
  const changes = ['all', name].filter((one) => setting(facts, `net/ipv4/conf/${one}/arp_ignore`) === 8);
  return {
    severity: 'error',
    code: 'vip-arp-ignored',
    what: `no ARP request for VIP ${vip} is answered on ${name}`,
    cause: `arp_ignore is 8 there (the larger of all and ${name})`,
    fix: `sysctl -w ${changes.map((one) => sysctlWord(`net/ipv4/conf/${one}/arp_ignore`, 0)).join(' ')}`,
  };
}

/** The VIP is on another interface than its subnet. */
function elsewhere(facts: DirectorFacts, vip: Address, place: AddressFact, subnet: AddressFact, onLoopback: boolean): Finding {
  const text = formatAddress(vip);
  const [name, better] = [interfaceNameOf(facts, place.ifindex), interfaceNameOf(facts, subnet.ifindex)];
  const silent = ignoresArp(facts, better, true);
  return {
    severity: silent ? 'error' : 'info',
    code: onLoopback ? 'vip-on-lo' : 'vip-wrong-interface',
    what: `VIP ${text} is on ${name}, and its subnet is on ${better}`,
    cause: silent
      ? `arp_ignore is ${effective(facts, better, 'arp_ignore')} on ${better}: ARP requests there are answered only for addresses of ${better}`
      : `it is answered on ${better} while arp_ignore is 0 there`,
    fix: `ip addr del ${text}/${place.prefixLength} dev ${shellWord(name)}; weir vip add ${text} --dev ${shellWord(better)}`,
  };
}

function wrongPlace(facts: DirectorFacts, vip: Address, place: AddressFact): readonly Finding[] {
  const text = formatAddress(vip);
  const managed = vrrpAddress(facts, vip);
  const iface = facts.interfaces.find(({ ifindex }) => ifindex === place.ifindex);
  const name = interfaceNameOf(facts, place.ifindex);
  if (iface !== undefined && troubleOf(iface) !== undefined) return []; // The interfaces' rule reports it.
  const subnets = subnetsWith(facts, vip);
  const here = subnets.find(({ ifindex }) => ifindex === place.ifindex);
  const [subnet] = subnets;
  const onLoopback = iface !== undefined && isLoopback(iface);
  if (subnet !== undefined && here === undefined && ignoresArp(facts, interfaceNameOf(facts, subnet.ifindex), false)) {
    return [arpIgnored(facts, text, interfaceNameOf(facts, subnet.ifindex))];
  }
  if (!onLoopback && ignoresArp(facts, name, false)) return [arpIgnored(facts, text, name)];
  if (subnet !== undefined && here === undefined && managed === undefined) return [elsewhere(facts, vip, place, subnet, onLoopback)];
  const isWider = ({ ifindex, address, prefixLength }: AddressFact): boolean =>
    ifindex === place.ifindex && prefixLength > place.prefixLength && contains(place, address) && !sameAddress(address, vip);
  const wider = place.prefixLength < 32 ? withSubnet(facts.addresses).find(isWider) : undefined;
  if (wider !== undefined) {
    return [
      {
        severity: 'warning',
        code: 'vip-prefix',
        what: `VIP ${text}/${place.prefixLength} makes more than ${name}'s own subnet local`,
        cause: `${name} has ${formatAddress(wider.address)}/${wider.prefixLength}; this host uses ARP instead of a router for the addresses between`,
        ...(managed === undefined
          ? { fix: `ip addr del ${text}/${place.prefixLength} dev ${shellWord(name)}; weir vip add ${text} --dev ${shellWord(name)}` }
          : { advice: `${text}/32 in virtual_ipaddress of ${managed.file} on every node, then reload keepalived` }),
      },
    ];
  }
  return [];
}

const isOnLoopback = (facts: DirectorFacts, ifindex: number): boolean =>
  facts.interfaces.some((iface) => iface.ifindex === ifindex && isLoopback(iface));

/** Both interfaces answer for it; the one outside its subnet is one too many. */
function twice(facts: DirectorFacts, vip: Address, places: readonly AddressFact[]): readonly Finding[] {
  const near = (place: AddressFact): boolean => subnetsWith(facts, vip).some(({ ifindex }) => ifindex === place.ifindex);
  const [first, second] = [...places].sort((a, b) => Number(near(b)) - Number(near(a)));
  if (first === undefined || second === undefined || first.ifindex === second.ifindex) return [];
  const text = formatAddress(vip);
  return [
    {
      severity: 'warning',
      code: 'vip-twice',
      what: `VIP ${text} is on two interfaces`,
      cause: `${interfaceNameOf(facts, first.ifindex)} and ${interfaceNameOf(facts, second.ifindex)} both answer for it`,
      fix: `ip addr del ${text}/${second.prefixLength} dev ${shellWord(interfaceNameOf(facts, second.ifindex))}`,
    },
  ];
}

export function vipPresentRule(facts: DirectorFacts): readonly Finding[] {
  let found: readonly Address[] | undefined;
  const unused = (): readonly Address[] => {
    found ??= unusedVips(facts);
    return found;
  };
  return vipsOf(facts.services).flatMap((vip): readonly Finding[] => {
    const managed = vrrpAddress(facts, vip) !== undefined;
    // A node that is a real server, too, has the address of VRRP on lo whether it is master or not.
    const places = withAddress(facts.addresses, vip).filter(({ ifindex }) => !(managed && isOnLoopback(facts, ifindex)));
    if (places.length === 0) return managed ? [] : [absent(facts, vip, unused)];
    const two = twice(facts, vip, places);
    return two.length > 0 ? two : places.flatMap((place) => wrongPlace(facts, vip, place));
  });
}
