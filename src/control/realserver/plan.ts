// Plans the steps that make a host a real server, or undo that, from its observed state. Pure: the same state gives the same plan.
import type { Address } from '../../model/address.js';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { type Failure, failure } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import { hostLength } from '../../model/subnet.js';
import { canBeVip } from '../../model/vip-address.js';
import { ARP_SETTINGS, arpSettingPaths, hides, sysctlName } from './arp-settings.js';
import { clusterInterfaces, type Observed } from './observed.js';
import { tunnelPlaces, tunnelRefusal, tunnelSteps, tunnelUndoing } from './plan-tunnels.js';
import { reversePathSetting } from './reverse-path.js';
import { mergeSaved, NOTHING_SAVED, type Saved } from './saved.js';
import type { Step } from './step.js';
import { type TunnelDevice, type TunnelWish, tunnelDevices, tunnelPorts } from './tunnel-devices.js';

export type Plan =
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** `before`: what is saved before the first step; `after`: what is saved after the last one (undefined: nothing). */
  | {
      readonly kind: 'plan';
      readonly before: Saved;
      readonly steps: readonly Step[];
      readonly after: Saved | undefined;
      readonly notes: readonly string[];
    };

export interface Wanted {
  readonly vips: readonly Address[];
  /** Absent: every interface that faces the cluster. */
  readonly interfaces?: readonly string[];
  /** VS/TUN; absent: VS/DR. */
  readonly tunnel?: TunnelWish;
}

/** The address on this interface (absent: lo) as a VIP must be there: /32 or /128, so that its neighbours in the subnet do not become local too. */
const placedOn = (observed: Observed, vip: Address, name?: string) =>
  observed.addresses.find(
    ({ ifindex, address, prefixLength }) =>
      prefixLength === hostLength(vip) &&
      sameAddress(address, vip) &&
      observed.interfaces.some((found) => found.ifindex === ifindex && (name === undefined ? found.loopback : found.name === name)),
  );

/** Why these VIPs or interfaces cannot be, in one line; undefined when they can. */
function refusal(observed: Observed, wanted: Wanted): Failure | undefined {
  for (const name of wanted.interfaces ?? []) {
    const found = observed.interfaces.find((one) => one.name === name);
    if (found === undefined || found.loopback) {
      return found === undefined ? failure('interface-unknown', { name }) : failure('interface-is-loopback', { name });
    }
  }
  for (const vip of wanted.vips) {
    const text = formatAddress(vip);
    if (!canBeVip(vip)) return failure('vip-impossible', { address: text });
    if (vip.family === 'inet6' && !observed.loopbackHasIpv6) return failure('interface-without-ipv6', { name: 'lo' });
    for (const { ifindex, prefixLength } of observed.addresses.filter((one) => sameAddress(one.address, vip))) {
      const found = observed.interfaces.find((one) => one.ifindex === ifindex);
      if (found?.noArp === true && !found.loopback) continue;
      if (found?.loopback !== true) {
        return failure('vip-answers-arp', { address: text, interface: found?.name ?? `interface ${ifindex}` });
      }
      if (prefixLength !== hostLength(vip)) return failure('vip-whole-subnet', { address: text, prefixLength, interface: 'lo' });
    }
  }
  return undefined;
}

/** The lowest numbers N whose label lo:N is free. */
function freeLabels(observed: Observed, saved: Saved): () => string {
  const taken = new Set([...observed.addresses.map(({ label }) => label), ...saved.addresses.map(({ label }) => label)]);
  let next = 0;
  return () => {
    while (taken.has(`lo:${next}`)) next++;
    return `lo:${next++}`;
  };
}

function settingSteps(observed: Observed, interfaces: readonly string[]): (Step & { readonly kind: 'setting' })[] {
  return (
    arpSettingPaths(interfaces)
      // An interface that has no such key has no IPv4 at all.
      .filter(({ path, setting }) => observed.settings.has(path) && !hides(setting, Number(observed.settings.get(path))))
      .map(({ path, setting }) => ({ kind: 'setting', path, value: ARP_SETTINGS[setting] }))
  );
}

/** Where each VIP goes: to lo, or to every tunnel device that its packets may come out of. */
function places(wanted: Wanted, devices: readonly TunnelDevice[]): readonly { readonly address: Address; readonly interface?: string }[] {
  return wanted.tunnel === undefined ? wanted.vips.map((address) => ({ address })) : tunnelPlaces(wanted.vips, devices);
}

/**
 * What makes this host a real server of these VIPs. The sysctls are set before the first VIP: otherwise the host would
 * answer for it in between. Steps that are not needed are left out, so a second start has none.
 *
 * VS/TUN: a device is complete and up before the VIP is on it, and the port of GUE is opened last.
 *
 * An IPv6 VIP needs neither sysctls nor a route: the kernel answers neighbour solicitations only for addresses of the interface that they
 * come in by, asks others from an address of that interface, and adds the route itself.
 */
export function planStart(observed: Observed, wanted: Wanted, known: Saved | undefined): Plan {
  const devices = wanted.tunnel === undefined ? [] : tunnelDevices(wanted.tunnel, wanted.vips);
  const refused = refusal(observed, wanted) ?? tunnelRefusal(observed, devices);
  if (refused !== undefined) return { kind: 'refused', failure: refused };
  const saved = known ?? NOTHING_SAVED;
  const byArp = wanted.vips.filter(({ family }) => family === 'inet');
  const arp = byArp.length === 0 ? [] : settingSteps(observed, wanted.interfaces ?? clusterInterfaces(observed));
  const tunnels = tunnelSteps(observed, devices, wanted.vips, wanted.tunnel === undefined ? [] : tunnelPorts(wanted.tunnel));
  const label = freeLabels(observed, saved);
  const down = observed.interfaces.some((found) => found.loopback && !found.up);
  const addresses = places(wanted, devices)
    .filter((place) => placedOn(observed, place.address, place.interface) === undefined)
    .map((place) => {
      const { address } = place;
      if (address.family === 'inet6' || place.interface !== undefined) return place;
      const known = saved.addresses.find((one) => one.address === formatAddress(address) && one.interface === undefined)?.label;
      return { address, label: known ?? label() };
    });
  const routes = wanted.tunnel === undefined ? byArp.filter((vip) => !observed.hostRoutes.some((route) => sameAddress(route, vip))) : [];
  const vips = wanted.vips.map(formatAddress);
  // The settings of a device that start makes are gone with it.
  const made = tunnels.saved.tunnels.filter(({ name, was }) => (saved.tunnels.find((one) => one.name === name)?.was ?? was) === 'absent');
  const settings = [...arp, ...tunnels.settings.filter(({ path }) => !made.some(({ name }) => path === reversePathSetting(name)))];
  const remembered = mergeSaved(saved, {
    version: 1,
    vips,
    tunnelVips: wanted.tunnel === undefined ? [] : vips,
    addresses: addresses.map(({ address, ...place }) => ({ address: formatAddress(address), ...place })),
    routes: routes.map(formatAddress),
    settings: settings.map(({ path, value }) => ({ path, previous: observed.settings.get(path) ?? '0', set: value })),
    ...tunnels.saved,
    loopbackWasDown: down,
  });
  const steps: Step[] = [
    ...(down ? [{ kind: 'interface', name: 'lo', up: true } as const] : []),
    ...arp,
    ...tunnels.add,
    ...tunnels.settings,
    ...tunnels.up,
    ...addresses.map((one) => ({ kind: 'add-address', ...one }) as const),
    ...routes.map((address) => ({ kind: 'add-route', address }) as const),
    ...tunnels.ports,
  ];
  return { kind: 'plan', before: remembered, steps, after: remembered, notes: tunnels.notes };
}

const addressOf = (text: string): Address => parseAddress(text) ?? { family: 'inet', words: [0] };
const isIpv4 = (text: string): boolean => !text.includes(':');

/**
 * What undoes a start: for these VIPs, or for all (undefined). The VIPs go first, the sysctls only with the last IPv4 VIP, so that
 * the host never answers for one. What is already gone is left out; what another program changed since is left alone and reported.
 */
export function planStop(observed: Observed, vips: readonly Address[] | undefined, known: Saved | undefined): Plan {
  const saved = known ?? NOTHING_SAVED;
  const going = (text: string) => vips === undefined || vips.some((vip) => formatAddress(vip) === text);
  const foreign = (vips ?? []).filter(
    (vip) => !saved.addresses.some(({ address }) => address === formatAddress(vip)) && placedOn(observed, vip),
  );
  const steps: Step[] = [];
  for (const text of saved.routes.filter(going)) {
    if (observed.hostRoutes.some((route) => formatAddress(route) === text)) {
      steps.push({ kind: 'delete-route', address: addressOf(text) });
    }
  }
  for (const { address, label, ...place } of saved.addresses.filter((one) => going(one.address))) {
    const there = placedOn(observed, addressOf(address), place.interface);
    const name = place.interface === undefined ? (there?.label ?? label) : undefined;
    if (there !== undefined) {
      steps.push({ kind: 'delete-address', address: addressOf(address), ...place, ...(name === undefined ? {} : { label: name }) });
    }
  }
  const tunnelVips = saved.tunnelVips.filter((text) => !going(text));
  if (tunnelVips.length === 0) steps.push(...tunnelUndoing(observed, saved));
  const left = saved.vips.filter((text) => !going(text));
  const notes = foreign.map((vip) => `${formatAddress(vip)} was on lo before weir: left there`);
  const after: Saved = {
    ...saved,
    vips: left,
    tunnelVips,
    ...(tunnelVips.length === 0 ? { tunnels: [], ports: [] } : {}),
    addresses: saved.addresses.filter((one) => !going(one.address)),
    routes: saved.routes.filter((one) => !going(one)),
  };
  if (left.some(isIpv4)) return { kind: 'plan', before: saved, steps, after, notes };
  for (const { path, previous, set } of saved.settings) {
    const value = observed.settings.get(path);
    if (value === set && value !== previous) {
      steps.push({ kind: 'setting', path, value: previous });
    } else if (value !== undefined && value !== previous) {
      notes.push(`${sysctlName(path)} is ${value}, not ${set} as start set it: left unchanged`);
    }
  }
  if (left.length > 0) return { kind: 'plan', before: saved, steps, after: { ...after, settings: [] }, notes };
  if (saved.loopbackWasDown && observed.interfaces.some((found) => found.loopback && found.up)) {
    steps.push({ kind: 'interface', name: 'lo', up: false });
  }
  return { kind: 'plan', before: saved, steps, after: undefined, notes };
}
