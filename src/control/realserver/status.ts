// Whether a host is a real server of its VIPs now, by what it does with their packets and with ARP, whoever set it up.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { sameAddress } from '../../model/identity.js';
import { contains, hostLength } from '../../model/subnet.js';
import { canBeVip } from '../../model/vip-address.js';
import { arpBehaviour } from './arp-hiding.js';
import type { ArpRule } from './arp-rules.js';
import { type ArpSetting, arpSettingPath } from './arp-settings.js';
import { clusterInterfaces, type Observed, type ObservedAddress } from './observed.js';
import type { Saved } from './saved.js';
import { type PortStatus, portStatuses, type TunnelStatus, tunnelStatuses } from './tunnel-status.js';

export interface VipStatus {
  readonly address: string;
  /** Where the address is; absent: on no interface. */
  readonly interface?: string;
  readonly label?: string;
  readonly prefixLength?: number;
  /** A host route by lo, as `start` adds it (IPv6: as the kernel adds it). */
  readonly route: boolean;
  /** How its packets are taken: by its address, by a local route, by a translation (REDIRECT, DNAT, TPROXY), or not at all. */
  readonly taken: 'address' | 'route' | 'translation' | 'no';
  /** What is wrong with the place. */
  readonly problem?: string;
}

export interface InterfaceStatus {
  readonly name: string;
  readonly arpIgnore: number;
  readonly arpAnnounce: number;
  /** It neither answers ARP for the IPv4 VIPs nor announces them. */
  readonly silent: boolean;
  /** The VIPs may be asked for there: it has an address of their network, or no interface has. */
  readonly faces: boolean;
}

export interface Status {
  /** `started`: all is in place; `stopped`: no VIP is taken; `partly`: anything between. */
  readonly state: 'started' | 'partly' | 'stopped';
  readonly vips: readonly VipStatus[];
  readonly interfaces: readonly InterfaceStatus[];
  readonly tunnels: readonly TunnelStatus[];
  /** Of GUE. */
  readonly ports: readonly PortStatus[];
}

/** What observing the addresses and sysctls does not show. */
export interface Surroundings {
  /** Absent: every interface that faces the cluster. */
  readonly interfaces?: readonly string[];
  readonly arpRules: readonly ArpRule[];
  /** VIPs whose packets the packet filter leads elsewhere on this host. */
  readonly translated: readonly Address[];
  /** What a start here remembers. */
  readonly saved: Saved;
}

/** The value that counts on an interface: the larger of its own and conf/all's. */
function effectiveSetting(settings: ReadonlyMap<string, string>, name: string, setting: ArpSetting): number {
  const read = (place: string) => Number(settings.get(arpSettingPath(place, setting)) ?? '0');
  return Math.max(read('all'), read(name));
}

const valuesOf = ({ settings }: Observed, name: string) => ({
  arpIgnore: effectiveSetting(settings, name, 'arp_ignore'),
  arpAnnounce: effectiveSetting(settings, name, 'arp_announce'),
});

function problemOf(observed: Observed, place: ObservedAddress, arpRules: readonly ArpRule[]): string | undefined {
  const iface = observed.interfaces.find(({ ifindex }) => ifindex === place.ifindex);
  if (iface === undefined) return undefined;
  if (iface.loopback && place.prefixLength !== hostLength(place.address)) return 'makes the whole subnet local';
  if (iface.loopback || iface.noArp) return undefined;
  // The kernel answers for all IPv6 addresses of the interface itself, and for no other ones.
  if (place.address.family === 'inet6') return 'answers neighbour solicitations there';
  // arp_ignore 1 and 2 answer for addresses of the interface itself.
  const { answers } = arpBehaviour(place.address, iface.name, { arpIgnore: 0, arpAnnounce: 0 }, arpRules);
  return answers && valuesOf(observed, iface.name).arpIgnore !== 8 ? 'answers ARP there' : undefined;
}

function vipStatus(observed: Observed, vip: Address, { arpRules, translated }: Omit<Surroundings, 'saved'>): VipStatus {
  const places = observed.addresses.filter(({ address }) => sameAddress(address, vip));
  const place = places.find((one) => problemOf(observed, one, arpRules) !== undefined) ?? places[0];
  const problem = place === undefined ? undefined : problemOf(observed, place, arpRules);
  const name = observed.interfaces.find(({ ifindex }) => ifindex === place?.ifindex)?.name;
  const routed = observed.localRoutes.some((route) => contains(route, vip));
  const isTranslated = translated.some((one) => sameAddress(one, vip));
  return {
    address: formatAddress(vip),
    ...(name === undefined ? {} : { interface: name }),
    ...(place?.label === undefined ? {} : { label: place.label }),
    ...(place === undefined ? {} : { prefixLength: place.prefixLength }),
    route: observed.hostRoutes.some((one) => sameAddress(one, vip)),
    taken: place !== undefined ? 'address' : isTranslated ? 'translation' : routed ? 'route' : 'no',
    ...(problem === undefined ? {} : { problem }),
  };
}

function interfaceStatuses(
  observed: Observed,
  vips: readonly Address[],
  { interfaces, arpRules }: Pick<Surroundings, 'interfaces' | 'arpRules'>,
): readonly InterfaceStatus[] {
  const names = interfaces ?? (vips.length === 0 ? [] : clusterInterfaces(observed));
  const near = new Set(
    observed.addresses
      .filter((one) => one.prefixLength < 32 && vips.some((vip) => contains(one, vip)))
      .flatMap(({ ifindex }) => observed.interfaces.find((found) => found.ifindex === ifindex)?.name ?? []),
  );
  const known = interfaces === undefined && names.some((name) => near.has(name));
  return names.map((name) => {
    const values = valuesOf(observed, name);
    const loud = vips.some((vip) => {
      const { answers, announces } = arpBehaviour(vip, name, values, arpRules);
      return answers || announces;
    });
    return { name, ...values, silent: !loud, faces: !known || near.has(name) };
  });
}

/** Addresses that can only be VIPs: /32 or /128, on lo or on an interface without ARP, and not 127/8 or ::1. */
export function likelyVips({ interfaces, addresses }: Observed): readonly Address[] {
  const quiet = new Set(interfaces.filter(({ loopback, noArp }) => loopback || noArp).map(({ ifindex }) => ifindex));
  return addresses
    .filter(({ ifindex, prefixLength, address }) => quiet.has(ifindex) && prefixLength === hostLength(address) && canBeVip(address))
    .map(({ address }) => address);
}

export function realServerStatus(observed: Observed, vips: readonly Address[], surroundings: Surroundings): Status {
  const rows = vips.map((vip) => vipStatus(observed, vip, surroundings));
  // ARP is about IPv4 addresses of this host; a translation needs none.
  const byArp = vips.filter(({ family }) => family === 'inet');
  const local = vips.filter(
    ({ family }, index) => family === 'inet' && (rows[index]?.taken === 'address' || rows[index]?.taken === 'route'),
  );
  const faces = interfaceStatuses(observed, local.length > 0 ? local : byArp, surroundings);
  const present = rows.filter(({ taken }) => taken !== 'no');
  const whole = present.length === rows.length && rows.every(({ problem }) => problem === undefined);
  const quiet = local.length === 0 || faces.every((one) => one.silent || !one.faces);
  const tunnels = tunnelStatuses(observed, vips, surroundings.saved);
  const ports = portStatuses(observed, surroundings.saved);
  const taken = tunnels.every(({ problem }) => problem === undefined) && ports.every(({ open }) => open);
  const state = present.length === 0 ? 'stopped' : whole && quiet && taken ? 'started' : 'partly';
  return { state, vips: rows, interfaces: faces, tunnels, ports };
}
