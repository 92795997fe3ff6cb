// Does the reverse-path filter keep clients out? The datapath leaves new connections that it forbids to the kernel, as much else.
import { sysctlWord } from '../../../control/realserver/arp-settings.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { clusterInterfaces, effective, vipsOf } from '../../network.js';

export function reversePathRule(facts: DirectorFacts): readonly Finding[] {
  const vips = vipsOf(facts.services);
  const uplinks = new Set(facts.defaultRoutes.map(({ ifindex }) => ifindex));
  return clusterInterfaces(facts)
    .filter(({ name }) => effective(facts, name, 'rp_filter') === 1)
    .flatMap((iface): readonly Finding[] => {
      const holdsVip = facts.addresses.some(
        ({ ifindex, address }) => ifindex === iface.ifindex && vips.some((vip) => sameAddress(vip, address)),
      );
      if (!holdsVip || uplinks.size === 0 || uplinks.has(iface.ifindex)) return [];
      return [
        {
          severity: 'warning',
          code: 'reverse-path-strict',
          what: `rp_filter is strict on ${iface.name}`,
          cause: 'clients come in there but the route back to them uses another interface, so the kernel drops their new connections',
          fix: `sysctl -w net.ipv4.conf.all.rp_filter=0 ${sysctlWord(`net/ipv4/conf/${iface.name}/rp_filter`, 2)}`,
        },
      ];
    });
}
