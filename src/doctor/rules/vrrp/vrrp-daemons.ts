// Two keepalived on one host that serve the same instance: neither receives the other's adverts.
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { DaemonFact, VrrpFacts, VrrpInstanceFact } from '../../vrrp-facts.js';

/** What both serve: the same VRID on the same interface, or the same address. */
function shared(one: VrrpInstanceFact, other: VrrpInstanceFact): string | undefined {
  if (one.ifindex === other.ifindex && one.vrid === other.vrid && one.family === other.family) {
    return `VRID ${one.vrid} on ${one.interfaceName}`;
  }
  const vip = one.vips.find((address) => other.vips.some((each) => sameAddress(each, address)));
  return vip === undefined ? undefined : formatAddress(vip);
}

export function daemonsRule({ daemons, instances }: VrrpFacts): readonly Finding[] {
  const of = (daemon: DaemonFact): readonly VrrpInstanceFact[] => instances.filter(({ file }) => file === daemon.file);
  return daemons.flatMap((second, index) =>
    daemons.slice(0, index).flatMap((first): Finding[] => {
      const both = of(first).flatMap((one) => of(second).flatMap((other) => shared(one, other) ?? []))[0];
      if (both === undefined) return [];
      return [
        {
          severity: 'error',
          code: 'vrrp-two-daemons',
          what: `two keepalived run here: pid ${first.pid} (${first.file}) and pid ${second.pid} (${second.file})`,
          cause: `both serve ${both}: a host does not receive its own adverts, so both become master, and the first that stops removes the VIPs`,
          fix: `kill ${second.pid}; timeout 30 tail --pid=${second.pid} -f /dev/null`,
          advice: `where it is a service: systemctl disable --now UNIT (ps -o unit= -p ${second.pid} prints the unit)`,
        },
      ];
    }),
  );
}
