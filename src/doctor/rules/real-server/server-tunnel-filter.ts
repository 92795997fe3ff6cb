// On a real server of VS/TUN: does its own packet filter drop the outer packets? They pass INPUT before anything comes out of them, and rules
// that accept the service's port do not match them.
import { outerFamily, type TunnelDevice } from '../../../control/realserver/tunnel-devices.js';
import type { Address, Family } from '../../../model/address.js';
import type { Finding } from '../../../model/finding.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { RealServerFacts } from '../../facts.js';
import { familyText } from '../../network.js';
import { passageOf } from '../../packet-filter/blocking.js';
import type { Blocked, PacketProbe } from '../../packet-filter/model.js';
import { wireInterfaces } from '../../server-arrivals.js';
import { placeOf } from './server-filter.js';

const ANY: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0] },
  inet6: { family: 'inet6', words: [0, 0, 0, 0] },
};

/** An outer packet as a director sends it. */
interface Outer {
  readonly family: Family;
  readonly protocol: 'ipip' | 'ipv6' | 'gre' | 'udp';
  readonly port?: number;
  readonly remote?: Address;
}

function outerOf({ kind, remote }: TunnelDevice, facts: RealServerFacts): Outer {
  const family = outerFamily(kind);
  const from = remote === undefined ? {} : { remote };
  if (kind === 'gre' || kind === 'ip6gre') return { family, protocol: 'gre', ...from };
  const port = facts.tunnels.ports.find((one) => one.family === family)?.port;
  if (port !== undefined) return { family, protocol: 'udp', port, ...from };
  return { family, protocol: kind === 'sit' || (kind === 'ip6tnl' && facts.family === 'inet6') ? 'ipv6' : 'ipip', ...from };
}

const probeOf = ({ family, protocol, port, remote }: Outer, interfaceName: string): PacketProbe => ({
  direction: 'in',
  interfaceName,
  source: remote ?? ANY[family],
  destination: ANY[family],
  protocol,
  anyClient: remote === undefined,
  anyDestination: true,
  ...(port === undefined ? {} : { destinationPort: port }),
});

/** nft shows iptables' own tables, too. */
function acceptance(
  { tool, family, table, chain, base, writer }: Blocked,
  { family: outer, protocol, port }: Outer,
): Pick<Finding, 'fix' | 'advice'> {
  const number = IpProtocol[protocol];
  const words = port === undefined ? `protocol ${number}` : `UDP port ${port}`;
  if (writer !== undefined) return { advice: `let ${writer} accept ${words} from the directors` };
  const match = port === undefined ? `-p ${number}` : `-p udp --dport ${port}`;
  const where = table === 'filter' ? '' : ` -t ${table}`;
  if (tool !== 'nft') return { fix: `${tool}${where} -I ${base} ${match} -j ACCEPT` };
  if ((family === 'ip' || family === 'ip6') && /^[A-Z]+$/.test(base)) {
    return { fix: `${outer === 'inet' ? 'iptables' : 'ip6tables'}${where} -I ${base} ${match} -j ACCEPT` };
  }
  return {
    fix: `nft insert rule ${family} ${table} ${chain} ${port === undefined ? `meta l4proto ${number}` : `udp dport ${port}`} accept`,
  };
}

const NAMES = { ipip: 'IPv4 in ', ipv6: 'IPv6 in ', gre: 'GRE over ', udp: 'GUE over ' } as const;

export function serverTunnelFilterRule(facts: RealServerFacts): readonly Finding[] {
  if (facts.method !== 'tun') return [];
  const wires = wireInterfaces(facts);
  return facts.tunnels.devices.flatMap((device): readonly Finding[] => {
    const outer = outerOf(device, facts);
    const blocks = wires.flatMap(({ name }) => {
      const passage = passageOf(facts.chains, probeOf(outer, name));
      return passage.kind === 'dropped' ? [passage.by] : [];
    });
    const [by] = blocks;
    if (by === undefined || blocks.length < wires.length) return [];
    const rule = by.text.startsWith('policy') ? by.text : `the rule "${by.text}"`;
    return [
      {
        severity: 'error',
        code: 'server-tunnel-filter',
        what: `a rule of this host drops the tunnels for ${device.name} (${NAMES[outer.protocol]}${familyText(outer.family)})`,
        cause: `${rule} (${placeOf(by)})`,
        ...acceptance(by, outer),
      },
    ];
  });
}
