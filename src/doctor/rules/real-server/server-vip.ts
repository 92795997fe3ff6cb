// On a real server: does it take packets for each VIP, without answering ARP for it?

import { arpBehaviour } from '../../../control/realserver/arp-hiding.js';
import type { Address, Family } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import { hostLength } from '../../../model/subnet.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import type { AddressFact, RealServerFacts } from '../../facts.js';
import { clusterInterfaces, effective, interfaceNameOf, isLoopback, vrrpAddress } from '../../network.js';
import { takenWays } from '../../server-arrivals.js';
import { hasVip } from '../../server-method.js';
import { tunnelCommand } from '../../tunnel-command.js';

function absent(facts: RealServerFacts, vip: Address | undefined): Finding {
  const text = vip === undefined ? 'VIP' : formatAddress(vip);
  const what = vip === undefined ? 'this host has no VIP' : `VIP ${text} is not on this host`;
  if (facts.methodCertain) {
    const again = `weir realserver start --vip ${text}`;
    const command = facts.method === 'tun' ? vip && tunnelCommand(facts, [vip]) : again;
    return {
      severity: 'error',
      code: 'server-vip-absent',
      what,
      cause: 'this host drops the packets that a VS/DR or VS/TUN director sends to it',
      ...(vip === undefined || command === undefined
        ? { advice: `weir realserver start${facts.method === 'tun' ? ' --mode tun' : ''} --vip ${text}` }
        : { fix: command }),
    };
  }
  return {
    severity: vip === undefined ? 'info' : 'error',
    code: 'server-vip-absent',
    what,
    cause: 'nothing here shows the forwarding method: a server of VS/DR or VS/TUN needs the VIP, a server of VS/NAT does not',
    advice: `VS/DR: weir realserver start --vip ${text}; VS/NAT: doctor examines the gateway with --dip ADDRESS of the director`,
  };
}

/**
 * On an interface that answers ARP for its own addresses at any arp_ignore but 8; rules of nft or arptables can hide it. One of IPv6 is always
 * answered for.
 */
function onWire(facts: RealServerFacts, vip: Address, iface: Link, place: AddressFact): Finding | undefined {
  const { name } = iface;
  const text = formatAddress(vip);
  const again = facts.method === 'tun' ? tunnelCommand(facts, [vip]) : undefined;
  const move = `ip addr del ${text}/${place.prefixLength} dev ${shellWord(name)}; ${again ?? `weir realserver start --vip ${text}`}`;
  const base = { severity: 'error', code: 'server-vip-on-wire', what: `VIP ${text} is on ${name}`, fix: move } as const;
  if (vip.family === 'inet6') {
    return {
      ...base,
      cause: 'an interface towards the cluster answers neighbour solicitations for its own addresses, so clients bypass the director',
    };
  }
  const values = { arpIgnore: effective(facts, name, 'arp_ignore'), arpAnnounce: effective(facts, name, 'arp_announce') };
  const byRules = arpBehaviour(vip, name, { arpIgnore: 0, arpAnnounce: 0 }, facts.arpRules);
  if ((!byRules.answers && !byRules.announces) || values.arpIgnore === 8) return undefined;
  return {
    ...base,
    cause:
      'an interface towards the cluster answers ARP for its own addresses whether arp_ignore is 1 or 2, so clients bypass the director',
  };
}

const SUBNET_ON_LOOPBACK: Readonly<Record<Family, string>> = {
  inet: 'on the loopback this prefix makes the whole subnet local, so its hosts get no answer',
  inet6: 'on the loopback this prefix makes a route of the whole subnet to this host itself, by which its hosts may get no answer',
};

function ofPlace(facts: RealServerFacts, vip: Address, place: AddressFact): readonly Finding[] {
  const iface = facts.interfaces.find(({ ifindex }) => ifindex === place.ifindex);
  if (iface === undefined) return [];
  const text = formatAddress(vip);
  if (iface.kind !== 'dummy' && clusterInterfaces(facts).includes(iface)) {
    // The master of VRRP has the address there; that is a director, which may be a real server as well.
    const found = vrrpAddress(facts, vip) === undefined ? onWire(facts, vip, iface, place) : undefined;
    return found === undefined ? [] : [found];
  }
  if (!isLoopback(iface) || place.prefixLength === hostLength(vip)) return [];
  return [
    {
      severity: 'error',
      code: 'server-vip-prefix',
      what: `VIP ${text}/${place.prefixLength} is on ${interfaceNameOf(facts, place.ifindex)}`,
      cause: SUBNET_ON_LOOPBACK[vip.family],
      fix: `ip addr del ${text}/${place.prefixLength} dev ${shellWord(iface.name)}; weir realserver start --vip ${text}`,
    },
  ];
}

export function serverVipRule(facts: RealServerFacts): readonly Finding[] {
  if (!hasVip(facts.method)) return [];
  if (facts.vips.length === 0) return [absent(facts, undefined)];
  const taken = takenWays(facts);
  return facts.vips.flatMap((vip): readonly Finding[] => {
    const places = facts.addresses.filter(({ address }) => sameAddress(address, vip));
    const found = places.flatMap((place) => ofPlace(facts, vip, place));
    const reaches = facts.localVips.some((one) => sameAddress(one, vip)) || taken.some((way) => sameAddress(way.vip, vip));
    return found.length > 0 || reaches ? found : [absent(facts, vip)];
  });
}
