// Sysctls of this host that VRRP stumbles over: reverse-path filters, ARP beside a virtual MAC, services that bind to a VIP.
import { sysctlName } from '../../../control/realserver/arp-settings.js';
import { formatAddress } from '../../../model/address-text.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { HostFacts } from '../../facts.js';
import type { VrrpFacts, VrrpInstanceFact } from '../../vrrp-facts.js';
import { sameNumber } from './vrrp-peers.js';

type Read = (name: string, key: string) => number;

/** Settings of one interface, and the larger of that and `all`, which is what counts. */
function reader(host: HostFacts, facts: VrrpFacts): { readonly own: Read; readonly effective: Read } {
  const own: Read = (name, key) => {
    const path = `net/ipv4/conf/${name}/${key}`;
    return Number(facts.settings.get(path) ?? host.settings.get(path) ?? '0');
  };
  return { own, effective: (name, key) => Math.max(own('all', key), own(name, key)) };
}

const set = (name: string, key: string, value: number): string => `${sysctlName(`net/ipv4/conf/${name}/${key}`)}=${value}`;

/** Adverts whose sender this host would answer by another interface, or by none: the kernel drops them without a word. */
function reversePath(instance: VrrpInstanceFact, facts: VrrpFacts, { effective }: ReturnType<typeof reader>): readonly Finding[] {
  const { device, ifindex, name } = instance;
  const filter = instance.family === 'inet' ? effective(device, 'rp_filter') : 0;
  if (filter === 0) return [];
  return facts.adverts
    .filter((advert) => sameNumber(instance, advert))
    .flatMap(({ source }): Finding[] => {
      const path = facts.paths.find(({ to }) => sameAddress(to, source));
      if (path === undefined || path.kind === 'local' || path.device === ifindex) return [];
      const lost = path.kind === 'none';
      if (filter === 2 && !lost) return [];
      const from = formatAddress(source);
      return [
        {
          severity: 'error',
          code: 'vrrp-reverse-path',
          what: `adverts of ${from} for ${name} (VRID ${instance.vrid}) do not get in on ${device}`,
          cause: `rp_filter is ${filter} there (the larger of all and ${device}) and ${lost ? `there is no route to ${from}` : `the route to ${from} is another interface`}: the kernel drops them, and both become master`,
          fix: lost ? `ip route add ${from} dev ${device}` : `sysctl -w ${set(device, 'rp_filter', 2)}`,
        },
      ];
    });
}

function virtualMac(instance: VrrpInstanceFact, { own, effective }: ReturnType<typeof reader>): readonly Finding[] {
  const { vmac, device, name, family } = instance;
  if (vmac === undefined || family !== 'inet') return [];
  const found: Finding[] = [];
  if (effective(vmac, 'rp_filter') === 1) {
    const all = own('all', 'rp_filter');
    // `all` holds for every interface: what it asked for goes to the one below, so that ours can be without.
    const changes = [...(all === 0 ? [] : [set('all', 'rp_filter', 0), set(device, 'rp_filter', all)]), set(vmac, 'rp_filter', 0)];
    found.push({
      severity: 'error',
      code: 'vrrp-vmac-reverse-path',
      what: `clients cannot reach the VIPs of ${name} on ${vmac}`,
      cause: `rp_filter is strict there (the larger of all and ${vmac}), and the route back to the clients is ${device}: the kernel drops what comes in`,
      fix: `sysctl -w ${changes.join(' ')}`,
    });
  }
  const ignore = effective(device, 'arp_ignore');
  if (ignore !== 1 && ignore !== 2) {
    const all = own('all', 'arp_ignore');
    found.push({
      severity: ignore === 8 ? 'error' : 'warning',
      code: 'vrrp-vmac-arp',
      what: `arp_ignore is ${ignore} on ${device} (the larger of all and ${device}), below ${vmac}`,
      cause:
        ignore === 8
          ? 'no ARP question is answered there'
          : `${device} answers ARP for the VIPs of ${name}, too: clients learn two MACs, and one of them dies with this host`,
      fix: `sysctl -w ${[...(all > 1 ? [set('all', 'arp_ignore', 1)] : []), set(device, 'arp_ignore', 1)].join(' ')}`,
    });
  }
  return found;
}

/** Services that listen on a VIP alone: they cannot start where it is not. */
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
      cause: 'ip_nonlocal_bind is 0: where the VIP is on the other node, it cannot start, or start again',
      fix: `sysctl -w ${sysctlName(path)}=1 (on both nodes)`,
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
