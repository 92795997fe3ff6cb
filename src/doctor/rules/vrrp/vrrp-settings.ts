// Sysctls of this host that break VRRP: reverse-path filters, ARP beside a virtual MAC, services that bind to a VIP.

import { sysctlWord } from '../../../control/realserver/arp-settings.js';
import { formatAddress } from '../../../model/address-text.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import type { HostFacts } from '../../facts.js';
import type { VrrpFacts, VrrpInstanceFact } from '../../vrrp-facts.js';
import { sameNumber } from './vrrp-peers.js';

type Read = (name: string, key: string) => number;

/** Reads the setting of one interface, and the larger of that and `all`, which the kernel uses. */
function reader(host: HostFacts, facts: VrrpFacts): { readonly own: Read; readonly effective: Read } {
  const own: Read = (name, key) => {
    const path = `net/ipv4/conf/${name}/${key}`;
    return Number(facts.settings.get(path) ?? host.settings.get(path) ?? '0');
  };
  return { own, effective: (name, key) => Math.max(own('all', key), own(name, key)) };
}

const set = (name: string, key: string, value: number): string => sysctlWord(`net/ipv4/conf/${name}/${key}`, value);

/** Adverts whose sender this host would answer through another interface, or not at all: the kernel drops them silently. */
function reversePath(instance: VrrpInstanceFact, facts: VrrpFacts, { effective }: ReturnType<typeof reader>): readonly Finding[] {
  const { interfaceName, ifindex, name } = instance;
  const filter = instance.family === 'inet' ? effective(interfaceName, 'rp_filter') : 0;
  if (filter === 0) return [];
  return facts.adverts
    .filter((advert) => sameNumber(instance, advert))
    .flatMap(({ source }): Finding[] => {
      const path = facts.paths.find(({ to }) => sameAddress(to, source));
      if (path === undefined || path.kind === 'local' || path.ifindex === ifindex) return [];
      const lost = path.kind === 'none';
      if (filter === 2 && !lost) return [];
      const from = formatAddress(source);
      return [
        {
          severity: 'error',
          code: 'vrrp-reverse-path',
          what: `adverts of ${from} for ${name} (VRID ${instance.vrid}) are dropped on ${interfaceName}`,
          cause: `rp_filter is ${filter} there (the larger of all and ${interfaceName}) and ${lost ? `there is no route to ${from}` : `the route to ${from} uses another interface`}: the kernel drops them, and both become master`,
          fix: lost ? `ip route add ${from} dev ${shellWord(interfaceName)}` : `sysctl -w ${set(interfaceName, 'rp_filter', 2)}`,
        },
      ];
    });
}

function virtualMac(instance: VrrpInstanceFact, { own, effective }: ReturnType<typeof reader>): readonly Finding[] {
  const { vmac, interfaceName, name, family } = instance;
  if (vmac === undefined || family !== 'inet') return [];
  const found: Finding[] = [];
  if (effective(vmac, 'rp_filter') === 1) {
    const all = own('all', 'rp_filter');
    // `all` applies to every interface: its value moves to the interface below, and the virtual one gets none.
    const changes = [...(all === 0 ? [] : [set('all', 'rp_filter', 0), set(interfaceName, 'rp_filter', all)]), set(vmac, 'rp_filter', 0)];
    found.push({
      severity: 'error',
      code: 'vrrp-vmac-reverse-path',
      what: `clients cannot reach the VIPs of ${name} on ${vmac}`,
      cause: `rp_filter is strict there (the larger of all and ${vmac}), and the route back to the clients uses ${interfaceName}: the kernel drops incoming packets`,
      fix: `sysctl -w ${changes.join(' ')}`,
    });
  }
  const ignore = effective(interfaceName, 'arp_ignore');
  if (ignore !== 1 && ignore !== 2) {
    const all = own('all', 'arp_ignore');
    found.push({
      severity: ignore === 8 ? 'error' : 'warning',
      code: 'vrrp-vmac-arp',
      what: `arp_ignore is ${ignore} on ${interfaceName} (the larger of all and ${interfaceName}), below ${vmac}`,
      cause:
        ignore === 8
          ? 'no ARP request is answered there'
          : `${interfaceName} answers ARP for the VIPs of ${name}, too: clients learn two MACs, and one of them stops with this host`,
      fix: `sysctl -w ${[...(all > 1 ? [set('all', 'arp_ignore', 1)] : []), set(interfaceName, 'arp_ignore', 1)].join(' ')}`,
    });
  }
  return found;
}

/** Services that listen on a VIP alone: they cannot start on the node without the VIP. */
function bound(instance: VrrpInstanceFact, facts: VrrpFacts): readonly Finding[] {
  const path = `net/${instance.family === 'inet' ? 'ipv4' : 'ipv6'}/ip_nonlocal_bind`;
  if (facts.settings.get(path) !== '0') return [];
  const services = facts.listeners.filter(({ address }) => instance.vips.some((vip) => sameAddress(vip, address)));
  if (services.length === 0) return [];
  const names = services.map((one) => `${one.protocol} ${endpointText(one)}`).join(', ');
  return [
    {
      severity: 'warning',
      code: 'vrrp-nonlocal-bind',
      what: `a service listens on ${names}, VIP of ${instance.name}`,
      cause: 'ip_nonlocal_bind is 0: it cannot start, or restart, while the VIP is on the other node',
      fix: `sysctl -w ${sysctlWord(path, 1)}`,
      advice: 'on both nodes',
    },
  ];
}

export function vrrpSettingsRule(host: HostFacts, facts: VrrpFacts): readonly Finding[] {
  const read = reader(host, facts);
  return facts.instances.flatMap((instance) => [
    ...reversePath(instance, facts, read),
    ...virtualMac(instance, read),
    ...bound(instance, facts),
  ]);
}
