// Is each IPv6 VIP on an interface where neighbours' questions for it are answered: that of its subnet, and with an address in use?
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { shellWord } from '../../../model/shell-word.js';
import { withAddress } from '../../address-index.js';
import type { DirectorFacts, Ipv6AddressFact } from '../../facts.js';
import { interfaceNameOf, isLoopback, subnetsWith, vipsOf, vrrpAddress } from '../../network.js';
import { troubleOf } from '../interface-trouble.js';
import { addVipCommand, isInFile } from './not-applied.js';

function absent(facts: DirectorFacts, vip: Address): Finding {
  const text = formatAddress(vip);
  const [subnet] = subnetsWith(facts, vip);
  const what = `VIP ${text} is on no interface`;
  if (subnet === undefined) {
    const uplink = facts.ipv6?.defaultRoutes[0]?.ifindex;
    return {
      severity: 'warning',
      code: 'vip-absent',
      what,
      cause: 'it is in no subnet of this host, so packets arrive only if a router has a route for it to this host',
      ...(uplink === undefined && !isInFile(facts, vip) ? {} : { fix: addVipCommand(facts, vip, interfaceNameOf(facts, uplink)) }),
    };
  }
  const name = interfaceNameOf(facts, subnet.ifindex);
  const add = addVipCommand(facts, vip, name);
  const [holder] = withAddress(facts.holders, vip);
  const base = { severity: 'error', code: 'vip-absent', what } as const;
  if (holder === undefined) return { ...base, cause: `no host answers neighbour solicitations for it on ${name}`, fix: add };
  return {
    ...base,
    cause: `${holder.mac} answers neighbour solicitations for it on ${interfaceNameOf(facts, holder.ifindex)}`,
    advice: `where that is no other director: remove ${text} there, then ${add}`,
  };
}

/** The kernel answers for it only where it is: neither lo nor another interface will do for its subnet. */
function elsewhere(facts: DirectorFacts, vip: Address, place: Ipv6AddressFact): Finding | undefined {
  const subnets = subnetsWith(facts, vip);
  const [subnet] = subnets;
  if (subnet === undefined || subnets.some(({ ifindex }) => ifindex === place.ifindex)) return undefined;
  const [text, name, better] = [formatAddress(vip), interfaceNameOf(facts, place.ifindex), interfaceNameOf(facts, subnet.ifindex)];
  const onLoopback = facts.interfaces.some((iface) => iface.ifindex === place.ifindex && isLoopback(iface));
  return {
    severity: 'error',
    code: onLoopback ? 'vip-on-lo' : 'vip-wrong-interface',
    what: `VIP ${text} is on ${name}, and its subnet is on ${better}`,
    cause: `neighbour solicitations on ${better} are answered only for addresses of ${better}`,
    fix: `ip addr del ${text}/${place.prefixLength} dev ${shellWord(name)}; weir vip add ${text} --dev ${shellWord(better)}`,
  };
}

/** Another host had it when it was added, or has it still: until it is added again, the kernel takes no packet for it. */
function refused(facts: DirectorFacts, vip: Address, { ifindex, prefixLength, detection }: Ipv6AddressFact): Finding | undefined {
  if (detection !== 'failed') return undefined;
  const [text, name] = [formatAddress(vip), interfaceNameOf(facts, ifindex)];
  const [holder] = withAddress(facts.holders, vip);
  const removal = `ip addr del ${text}/${prefixLength} dev ${shellWord(name)}`;
  return {
    severity: 'error',
    code: 'vip-duplicate',
    what: `VIP ${text} is on ${name} and not in use (dadfailed)`,
    cause: `another host answered for it when it was added${holder === undefined ? ', and none does now' : `, and ${holder.mac} does now`}`,
    ...(holder === undefined
      ? { fix: `${removal}; weir vip add ${text} --dev ${shellWord(name)}` }
      : { advice: `remove it there, then ${removal}; weir vip add ${text} --dev ${shellWord(name)}` }),
  };
}

export function vipIpv6Rule(facts: DirectorFacts): readonly Finding[] {
  return vipsOf(facts.services, ['inet6']).flatMap((vip): readonly Finding[] => {
    const places = facts.ipv6 === undefined ? [] : withAddress(facts.ipv6.addresses, vip);
    const managed = vrrpAddress(facts, vip) !== undefined;
    if (places.length === 0) return managed ? [] : [absent(facts, vip)];
    const found = places.map((place) => {
      const iface = facts.interfaces.find(({ ifindex }) => ifindex === place.ifindex);
      if (iface !== undefined && troubleOf(iface) !== undefined) return undefined; // The interfaces' rule reports it.
      return refused(facts, vip, place) ?? (managed ? undefined : elsewhere(facts, vip, place));
    });
    // One place that is right is enough.
    return found.some((one) => one === undefined) ? [] : found.flatMap((one) => one ?? []);
  });
}
