// On a real server of VS/TUN: does a device take what the director's tunnel brings, and does the kernel keep what comes out of it?

import { sysctlWord } from '../../../control/realserver/arp-settings.js';
import { effectiveReversePath, reversePathSetting, tunnelReversePath } from '../../../control/realserver/reverse-path.js';
import { acceptsText, carries, samePort, type TunnelDevice } from '../../../control/realserver/tunnel-devices.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import type { RealServerFacts } from '../../facts.js';
import { familyText, interfaceNameOf, isTunnelOf, isUp } from '../../network.js';
import { tunnelCommand } from '../../tunnel-command.js';

/** Below it Linux takes IPv6 off an interface (RFC 8200 §5). */
const IPV6_MTU_MIN = 1280;

/** The devices that start made and that packets of this family come out of. */
const expected = ({ tunnels, family }: RealServerFacts): readonly TunnelDevice[] =>
  tunnels.devices.filter(({ kind }) => carries(kind, { family }));

const tunnelsHere = (facts: RealServerFacts): readonly Link[] => facts.interfaces.filter((iface) => isTunnelOf(iface, facts.family));

function repair(facts: RealServerFacts, otherwise: string): string {
  return tunnelCommand(facts, facts.vips) ?? otherwise;
}

/** Those that start made and that are gone or down; without a start, that no device is up. */
function missing(facts: RealServerFacts): readonly Finding[] {
  const here = tunnelsHere(facts);
  const wanted = expected(facts);
  if (wanted.length > 0) {
    return wanted.flatMap(({ name, kind, remote }): readonly Finding[] => {
      const found = here.find((one) => one.name === name);
      if (found !== undefined && isUp(found)) return [];
      const cause = `this host drops the ${kind} tunnels ${acceptsText(remote === undefined ? {} : { remote })} that it was started for`;
      const base = { severity: 'error', cause, fix: repair(facts, `ip link set ${shellWord(name)} up`) } as const;
      if (found === undefined) return [{ ...base, code: 'server-tunnel-absent', what: `the tunnel device ${name} is not there` }];
      return [{ ...base, code: 'server-tunnel-down', what: `the tunnel device ${name} is down` }];
    });
  }
  if (here.some(isUp)) return [];
  const [down] = here.filter(({ ifindex }) => facts.addresses.some((one) => one.ifindex === ifindex));
  const cause = `this host drops the tunnels that a VS/TUN director sends to it for ${familyText(facts.family)} VIPs`;
  if (down !== undefined) {
    const fix = `ip link set ${shellWord(down.name)} up`;
    return [{ severity: 'error', code: 'server-tunnel-down', what: `the tunnel device ${down.name} is down`, cause, fix }];
  }
  const vips = facts.vips.length === 0 ? 'VIP' : facts.vips.map(formatAddress).join(',');
  return [
    {
      severity: 'error',
      code: 'server-tunnel-absent',
      what: `no tunnel device is up that ${familyText(facts.family)} packets come out of`,
      cause,
      advice: `weir realserver start --mode tun --vip ${vips}, with --tun-type and --tun-port as the director's table has them (ipvsadm -Ln --tun-info)`,
    },
  ];
}

function closedPorts({ tunnels }: RealServerFacts): readonly Finding[] {
  const closed = tunnels.ports.filter((port) => !tunnels.guePorts.some((one) => samePort(one, port)));
  return closed.map(({ family, port }): Finding => {
    const six = family === 'inet6';
    return {
      severity: 'error',
      code: 'server-tunnel-port',
      what: `UDP port ${port} is not open for GUE over ${familyText(family)}`,
      cause: 'this host refuses the tunnels that it was started for (ip fou show lists the ports that are open)',
      fix: `modprobe fou; ip ${six ? '-6 ' : ''}fou add port ${port} gue`,
    };
  });
}

/** The devices that are judged: those of the start, else those with a VIP, else all. */
function takers(facts: RealServerFacts): readonly Link[] {
  const up = tunnelsHere(facts).filter(isUp);
  const started = up.filter(({ name }) => expected(facts).some((one) => one.name === name));
  const withVip = up.filter(({ ifindex }) =>
    facts.addresses.some((one) => one.ifindex === ifindex && facts.vips.some((vip) => sameAddress(vip, one.address))),
  );
  return started.length > 0 ? started : withVip.length > 0 ? withVip : up;
}

function reversePath(facts: RealServerFacts): readonly Finding[] {
  if (facts.family === 'inet6') return []; // The kernel has no rp_filter for it.
  const back = facts.waysBack.find(({ path }) => path.ifindex !== undefined)?.path.ifindex;
  return takers(facts).flatMap(({ name, ifindex }): readonly Finding[] => {
    const value = effectiveReversePath(facts.settings, name);
    const addressed = facts.addresses.some((one) => one.ifindex === ifindex);
    if (value === 0 || (value === 2 && addressed)) return [];
    const good = tunnelReversePath(facts.settings);
    const [vip] = facts.vips;
    const place = good === '2' && !addressed && vip !== undefined ? `ip addr add ${formatAddress(vip)}/32 dev ${shellWord(name)}; ` : '';
    const all = Number(facts.settings.get(reversePathSetting('all')) ?? '0');
    const counts = `rp_filter is ${value} there (the larger of all, ${all}, and ${name})`;
    return [
      {
        severity: 'error',
        code: 'server-reverse-path',
        what: `packets that come out of the tunnel device ${name} are dropped`,
        cause:
          value === 1
            ? `${counts}, and the route back to the clients uses ${back === undefined ? 'another interface' : interfaceNameOf(facts, back)}`
            : `${counts}, and ${name} has no IPv4 address, without which the kernel looks for no route back`,
        fix: `${place}sysctl -w ${sysctlWord(reversePathSetting(name), good)}`,
      },
    ];
  });
}

function smallMtu(facts: RealServerFacts): readonly Finding[] {
  if (facts.family === 'inet') return [];
  const names = new Set(expected(facts).map(({ name }) => name));
  return tunnelsHere(facts)
    .filter(({ name, mtu }) => mtu < IPV6_MTU_MIN && (names.size === 0 || names.has(name)))
    .map(({ name, mtu }): Finding => {
      const wider = `ip link set ${shellWord(name)} mtu ${IPV6_MTU_MIN}`;
      const again = tunnelCommand(facts, facts.vips);
      return {
        severity: 'error',
        code: 'server-tunnel-mtu',
        what: `the MTU of the tunnel device ${name} is ${mtu}`,
        cause: `below ${IPV6_MTU_MIN} Linux takes IPv6 and its addresses off an interface, and drops what comes out of the tunnel`,
        fix: again === undefined ? wider : `${wider}; ${again}`,
      };
    });
}

export function serverTunnelRule(facts: RealServerFacts): readonly Finding[] {
  if (facts.method !== 'tun') return [];
  return [...missing(facts), ...closedPorts(facts), ...reversePath(facts), ...smallMtu(facts)];
}
