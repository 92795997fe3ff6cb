// On a real server of IPv6: does its own packet filter drop neighbour discovery? Then no host finds it, and it finds no router. Filters that were
// written for IPv4, whose ARP no such rule sees, accept TCP alone.
import type { Address } from '../../../model/address.js';
import type { Finding } from '../../../model/finding.js';
import { solicitedNode } from '../../../wire/ndisc-probe.js';
import type { RealServerFacts } from '../../facts.js';
import { blockingRule } from '../../packet-filter/blocking.js';
import type { Blocked, PacketProbe } from '../../packet-filter/model.js';
import { wireInterfaces } from '../../server-arrivals.js';
import { serviceAddresses } from './server-addresses.js';
import { placeOf } from './server-filter.js';

const ANY: Address = { family: 'inet6', words: [0, 0, 0, 0] };

interface Part {
  readonly what: string;
  readonly result: string;
  readonly probe: Pick<PacketProbe, 'direction' | 'icmpType'>;
}

const PARTS: readonly Part[] = [
  {
    what: 'neighbour solicitations',
    result: 'the director and the routers do not find this host',
    probe: { direction: 'in', icmpType: 'nd-neighbor-solicit' },
  },
  {
    what: 'answers to neighbour solicitations',
    result: 'the director and the routers do not find this host',
    probe: { direction: 'out', icmpType: 'nd-neighbor-advert' },
  },
  {
    what: 'the answers to its own neighbour solicitations',
    result: 'it finds no client and no router',
    probe: { direction: 'in', icmpType: 'nd-neighbor-advert' },
  },
  {
    what: 'its own neighbour solicitations',
    result: 'it finds no client and no router',
    probe: { direction: 'out', icmpType: 'nd-neighbor-solicit' },
  },
];

/** Lets all of ICMPv6 pass: without packet too big and errors connections suffer, too (RFC 4890 §4.4). */
function acceptance({ tool, family, table, chain, base, writer }: Blocked): Pick<Finding, 'fix' | 'advice'> {
  if (writer !== undefined) return { advice: `let ${writer} accept ICMPv6` };
  const where = table === 'filter' ? '' : ` -t ${table}`;
  if (tool !== 'nft') return { fix: `${tool}${where} -I ${base} -p ipv6-icmp -j ACCEPT` };
  if (family === 'ip6' && /^[A-Z]+$/.test(base)) return { fix: `ip6tables${where} -I ${base} -p ipv6-icmp -j ACCEPT` };
  return { fix: `nft insert rule ${family} ${table} ${chain} meta l4proto ipv6-icmp accept` };
}

function probeOf(own: Address, interfaceName: string, { direction, icmpType }: Part['probe']): PacketProbe {
  return {
    direction,
    interfaceName,
    source: direction === 'in' ? ANY : own,
    destination: direction === 'out' ? ANY : icmpType === 'nd-neighbor-solicit' ? solicitedNode(own) : own,
    protocol: 'icmpv6',
    anyClient: true,
    ...(icmpType === undefined ? {} : { icmpType }),
  };
}

export function serverDiscoveryRule(facts: RealServerFacts): readonly Finding[] {
  if (facts.family !== 'inet6') return [];
  for (const { name, ifindex } of wireInterfaces(facts)) {
    const own = facts.addresses.find((one) => one.ifindex === ifindex)?.address ?? serviceAddresses(facts)[0];
    if (own === undefined) continue;
    for (const { what, result, probe } of PARTS) {
      const by = blockingRule(facts.chains, probeOf(own, name, probe));
      if (by === undefined) continue;
      const rule = by.text.startsWith('policy') ? by.text : `the rule "${by.text}"`;
      return [
        {
          severity: 'error',
          code: 'server-discovery-filter',
          what: `a rule of this host drops ${what} on ${name}`,
          cause: `${rule} (${placeOf(by)}): ${result}`,
          ...acceptance(by),
        },
      ];
    }
  }
  return [];
}
