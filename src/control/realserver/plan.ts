// Plans the steps that make a host a real server, or undo that, from its observed state. Pure: the same state gives the same plan.
import type { Address } from '../../model/address.js';
import { formatAddress, parseIpv4 } from '../../model/address-text.js';
import { type Failure, failure } from '../../model/errors/weir-error.js';
import { sameAddress } from '../../model/identity.js';
import { ARP_SETTINGS, arpSettingPaths, hides, sysctlName } from './arp-settings.js';
import { clusterInterfaces, type Observed } from './observed.js';
import { mergeSaved, NOTHING_SAVED, type Saved } from './saved.js';

export type Step =
  | { readonly kind: 'interface'; readonly name: 'lo'; readonly up: boolean }
  | { readonly kind: 'setting'; readonly path: string; readonly value: string }
  | { readonly kind: 'add-address' | 'delete-address'; readonly address: Address; readonly label: string }
  | { readonly kind: 'add-route' | 'delete-route'; readonly address: Address };

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
}

/** The address on lo as a VIP must be there: /32, so that its neighbours in the subnet do not become local too. */
const onLoopback = (observed: Observed, vip: Address) =>
  observed.addresses.find(
    ({ ifindex, address, prefixLength }) =>
      prefixLength === 32 && sameAddress(address, vip) && observed.interfaces.some((found) => found.loopback && found.ifindex === ifindex),
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
    const first = (vip.words[0] ?? 0) >>> 24;
    if (first === 0 || first === 127 || first >= 224) return failure('vip-impossible', { address: text });
    for (const { ifindex, prefixLength } of observed.addresses.filter((one) => sameAddress(one.address, vip))) {
      const found = observed.interfaces.find((one) => one.ifindex === ifindex);
      if (found?.loopback !== true) {
        return failure('vip-answers-arp', { address: text, interface: found?.name ?? `interface ${ifindex}` });
      }
      if (prefixLength !== 32) return failure('vip-whole-subnet', { address: text, prefixLength, interface: 'lo' });
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

/**
 * What makes this host a real server of these VIPs. The sysctls are set before the first VIP: otherwise the host would
 * answer for it in between. Steps that are not needed are left out, so a second start has none.
 */
export function planStart(observed: Observed, wanted: Wanted, known: Saved | undefined): Plan {
  const refused = refusal(observed, wanted);
  if (refused !== undefined) return { kind: 'refused', failure: refused };
  const saved = known ?? NOTHING_SAVED;
  const settings = settingSteps(observed, wanted.interfaces ?? clusterInterfaces(observed));
  const label = freeLabels(observed, saved);
  const down = observed.interfaces.some((found) => found.loopback && !found.up);
  const addresses = wanted.vips
    .filter((vip) => onLoopback(observed, vip) === undefined)
    .map((address) => ({
      address,
      label: saved.addresses.find((one) => one.address === formatAddress(address))?.label ?? label(),
    }));
  const routes = wanted.vips.filter((vip) => !observed.hostRoutes.some((route) => sameAddress(route, vip)));
  const remembered = mergeSaved(saved, {
    version: 1,
    vips: wanted.vips.map(formatAddress),
    addresses: addresses.map((one) => ({ address: formatAddress(one.address), label: one.label })),
    routes: routes.map(formatAddress),
    settings: settings.map(({ path, value }) => ({ path, previous: observed.settings.get(path) ?? '0', set: value })),
    loopbackWasDown: down,
  });
  const steps: Step[] = [
    ...(down ? [{ kind: 'interface', name: 'lo', up: true } as const] : []),
    ...settings,
    ...addresses.map((one) => ({ kind: 'add-address', ...one }) as const),
    ...routes.map((address) => ({ kind: 'add-route', address }) as const),
  ];
  return { kind: 'plan', before: remembered, steps, after: remembered, notes: [] };
}

const addressOf = (text: string): Address => parseIpv4(text) ?? { family: 'inet', words: [0] };

/**
 * What undoes a start: for these VIPs, or for all (undefined). The VIPs go first, the sysctls only with the last VIP, so that
 * the host never answers for one. What is already gone is left out; what another program changed since is left alone and reported.
 */
export function planStop(observed: Observed, vips: readonly Address[] | undefined, known: Saved | undefined): Plan {
  const saved = known ?? NOTHING_SAVED;
  const going = (text: string) => vips === undefined || vips.some((vip) => formatAddress(vip) === text);
  const foreign = (vips ?? []).filter(
    (vip) => !saved.addresses.some(({ address }) => address === formatAddress(vip)) && onLoopback(observed, vip),
  );
  const steps: Step[] = [];
  for (const text of saved.routes.filter(going)) {
    if (observed.hostRoutes.some((route) => formatAddress(route) === text)) {
      steps.push({ kind: 'delete-route', address: addressOf(text) });
    }
  }
  for (const { address, label } of saved.addresses.filter((one) => going(one.address))) {
    const there = onLoopback(observed, addressOf(address));
    if (there !== undefined) steps.push({ kind: 'delete-address', address: addressOf(address), label: there.label ?? label });
  }
  const left = saved.vips.filter((text) => !going(text));
  const notes = foreign.map((vip) => `${formatAddress(vip)} was on lo before weir: left there`);
  if (left.length > 0) {
    const after: Saved = {
      ...saved,
      vips: left,
      addresses: saved.addresses.filter((one) => !going(one.address)),
      routes: saved.routes.filter((one) => !going(one)),
    };
    return { kind: 'plan', before: saved, steps, after, notes };
  }
  for (const { path, previous, set } of saved.settings) {
    const value = observed.settings.get(path);
    if (value === set && value !== previous) {
      steps.push({ kind: 'setting', path, value: previous });
    } else if (value !== undefined && value !== previous) {
      notes.push(`${sysctlName(path)} is ${value}, not ${set} as start set it: left unchanged`);
    }
  }
  if (saved.loopbackWasDown && observed.interfaces.some((found) => found.loopback && found.up)) {
    steps.push({ kind: 'interface', name: 'lo', up: false });
  }
  return { kind: 'plan', before: saved, steps, after: undefined, notes };
}
