// On a real server: are its interfaces there, its addresses its own, and its packets not too large for the network?

import type { Family } from '../../../model/address.js';
import { askedBy, formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import { hostLength } from '../../../model/subnet.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import type { Ipv6AddressFact, RealServerFacts } from '../../facts.js';
import { clusterInterfaces, contains, familyText, interfaceNameOf, isCarrying, proxyOf, usesArp } from '../../network.js';
import { NO_ARP_CAUSE, troubleFinding, troubleOf } from '../interface-trouble.js';

/** What this host needs the interface for: the network of the director, a VIP or a gateway, or any that it has. */
function needs(facts: RealServerFacts, iface: Link): boolean {
  const nets = facts.addresses.filter((one) => one.ifindex === iface.ifindex && one.prefixLength < hostLength(one.address));
  const near = [...facts.vips, ...(facts.dip === undefined ? [] : [facts.dip]), ...facts.gateways.map(({ address }) => address)];
  if (nets.some((net) => near.some((address) => contains(net, address)))) return true;
  if (facts.gateways.some(({ ifindex }) => ifindex === iface.ifindex)) return true;
  // The kernel takes IPv6 addresses from an interface that goes down.
  return (nets.length > 0 || facts.family === 'inet6') && clusterInterfaces(facts).every((one) => troubleOf(one) !== undefined);
}

const USE = 'packets of the director come in there, or answers go out there';
const LOST: Readonly<Record<Family, string>> = {
  inet: 'routes that were lost with it come back by the tool that configured them (ip route)',
  inet6: 'addresses and routes that were lost with it come back by the tool that configured them (ip addr, ip -6 route)',
};

function troubles(facts: RealServerFacts): readonly Finding[] {
  return facts.interfaces.flatMap((iface): readonly Finding[] => {
    const trouble = troubleOf(iface);
    // A dummy is down: the rule about VIPs reports it.
    if (trouble === undefined || iface.kind === 'dummy' || !needs(facts, iface)) return [];
    const finding = troubleFinding(facts, iface, trouble, USE);
    if (trouble === 'down') return [{ ...finding, advice: LOST[facts.family] }];
    return [trouble === 'no-arp' ? { ...finding, cause: NO_ARP_CAUSE } : finding];
  });
}

/** Only interfaces with an address count as those of a cluster. */
function withoutAddress(facts: RealServerFacts): readonly Finding[] {
  if (clusterInterfaces(facts).length > 0 || facts.method === 'tun') return [];
  const [first] = facts.interfaces.filter((iface) => usesArp(iface) && iface.kind !== 'bridge' && isCarrying(iface));
  if (first === undefined) return [];
  return [
    {
      severity: 'error',
      code: 'server-without-address',
      what: `${first.name} has no ${familyText(facts.family)} address`,
      cause: 'nor has any other interface of this host: the director does not find it',
      advice: `add its address: ip addr add ADDRESS/LENGTH dev ${shellWord(first.name)}, and the default route`,
    },
  ];
}

function duplicates(facts: RealServerFacts): readonly Finding[] {
  const own = (facts.addresses as readonly Ipv6AddressFact[]).filter(
    ({ address, detection }) => detection !== 'failed' && !facts.vips.some((vip) => sameAddress(vip, address)),
  );
  return facts.holders
    .filter(({ address, ifindex }) => own.some((one) => one.ifindex === ifindex && sameAddress(one.address, address)))
    .map(
      ({ address, mac, ifindex }): Finding => ({
        severity: 'error',
        code: 'address-answered-twice',
        what: `${mac} answers ${askedBy(address)} for ${formatAddress(address)}, an address of this host, on ${interfaceNameOf(facts, ifindex)}`,
        cause: `either two hosts have this address, or a router has ${proxyOf(address)} on: the director sends to the one or the other`,
        advice: `find it (the switch's table of ${mac}) and give one of them another address`,
      }),
    );
}

/** Another host had it when it was added: until it is added again, the kernel takes no packet for it, nor sends any from it. */
function unused(facts: RealServerFacts): readonly Finding[] {
  return (facts.addresses as readonly Ipv6AddressFact[])
    .filter(({ detection, address }) => detection === 'failed' && !facts.vips.some((vip) => sameAddress(vip, address)))
    .map(({ address, ifindex, prefixLength }): Finding => {
      const [text, name] = [formatAddress(address), interfaceNameOf(facts, ifindex)];
      const holder = facts.holders.find((one) => sameAddress(one.address, address));
      const again = `ip addr del ${text}/${prefixLength} dev ${shellWord(name)}; ip addr add ${text}/${prefixLength} dev ${shellWord(name)}`;
      return {
        severity: 'error',
        code: 'address-duplicate',
        what: `${text} is on ${name} and not in use (dadfailed)`,
        cause: `another host answered for it when it was added${holder === undefined ? ', and none does now' : `, and ${holder.mac} does now`}`,
        ...(holder === undefined ? { fix: again } : { advice: `remove it there, then ${again}` }),
      };
    });
}

function largePackets(facts: RealServerFacts): readonly Finding[] {
  return facts.gateways.flatMap(({ address, ifindex }): readonly Finding[] => {
    const sizes = facts.echoes.filter(({ host }) => sameAddress(host, address)).sort((a, b) => a.packetBytes - b.packetBytes);
    const [small, large] = [sizes[0], sizes.at(-1)];
    if (small?.answer.kind !== 'accepted' || large?.answer.kind !== 'silent') return [];
    const passed = sizes.filter(({ answer }) => answer.kind === 'accepted').at(-1)?.packetBytes ?? small.packetBytes;
    const [name, interfaceName] = [formatAddress(address), interfaceNameOf(facts, ifindex)];
    return [
      {
        severity: 'warning',
        code: 'mtu-black-hole',
        what: `packets of ${large.packetBytes} bytes do not get to the gateway ${name} and back`,
        cause: `it answers ping of ${passed} bytes and not of ${large.packetBytes}, the MTU of ${interfaceName}: either the network there has a smaller MTU, so that long answers do not get to clients, or a firewall drops large pings`,
        advice: `set the MTU of ${interfaceName} to that of the network: ip link set ${shellWord(interfaceName)} mtu ${passed}`,
      },
    ];
  });
}

/** Routes and routers are looked for by it: what they lack is then a consequence. */
export function interfaceTroubles(facts: RealServerFacts): readonly Finding[] {
  const found = troubles(facts);
  return found.length > 0 ? found : withoutAddress(facts);
}

export function serverInterfacesRule(facts: RealServerFacts): readonly Finding[] {
  return [...unused(facts), ...duplicates(facts), ...largePackets(facts)];
}
