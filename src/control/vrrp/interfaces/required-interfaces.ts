// The interfaces that an instance requires besides its own and its virtual ones: those that its addresses, routes and rules name, and
// those that the static objects of its track groups name (keepalived.conf(5), "track_group", "no_track").
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { HostAddress, HostRoute, HostRule } from '../../../model/keepalived/network.js';
import { virtualInterfaceNamesOf } from './virtual-interface-names.js';

const none: readonly string[] = [];
/** A configuration does not change, so this is computed once. */
const known = new WeakMap<KeepalivedConfiguration, ReadonlyMap<string, readonly string[]>>();

interface Objects {
  readonly addresses: readonly HostAddress[];
  readonly routes: readonly HostRoute[];
  readonly rules: readonly HostRule[];
}

function* interfacesOf({ addresses, routes, rules }: Objects): Generator<string | undefined> {
  for (const { dev, noTrack, virtualInterface } of addresses) if (!noTrack && virtualInterface === undefined) yield dev;
  for (const { dev, noTrack } of routes) if (!noTrack) yield dev;
  for (const { iif, oif, noTrack } of rules) {
    if (noTrack) continue;
    yield iif;
    yield oif;
  }
}

/** By instance, the interfaces of the static objects in its track groups. */
function staticInterfaces({ root, global }: KeepalivedConfiguration): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { name, instances } of root.trackGroups) {
    const mine = <T extends { readonly trackGroup?: string }>(list: readonly T[]): readonly T[] =>
      list.filter(({ trackGroup }) => trackGroup === name);
    const objects = {
      addresses: mine(root.staticAddresses).map((host) => ({ dev: global.defaultInterface, ...host })),
      routes: mine(root.staticRoutes),
      rules: mine(root.staticRules),
    };
    const interfaces = [...interfacesOf(objects)].filter((one) => one !== undefined);
    for (const instance of instances) {
      const had = found.get(instance) ?? new Set();
      found.set(instance, had);
      for (const one of interfaces) had.add(one);
    }
  }
  return found;
}

function computeRequired(configuration: KeepalivedConfiguration): ReadonlyMap<string, readonly string[]> {
  const statics = staticInterfaces(configuration);
  const needed = new Map<string, readonly string[]>();
  for (const instance of configuration.instances) {
    const { name, addresses, excludedAddresses, routes, rules } = instance;
    const interfaces = new Set<string>(statics.get(name));
    for (const one of interfacesOf({ addresses: [...addresses, ...excludedAddresses], routes, rules })) {
      if (one !== undefined) interfaces.add(one);
    }
    interfaces.delete(instance.interface ?? '');
    interfaces.delete(virtualInterfaceNamesOf(configuration, instance).own?.settings.name ?? '');
    if (interfaces.size > 0) needed.set(name, [...interfaces]);
  }
  return needed;
}

/** If one of them is down or missing, the instance is in FAULT. */
export function requiredInterfaces(configuration: KeepalivedConfiguration | undefined, instance: VrrpInstance): readonly string[] {
  if (configuration === undefined) return none;
  let all = known.get(configuration);
  if (all === undefined) {
    all = computeRequired(configuration);
    known.set(configuration, all);
  }
  return all.get(instance.name) ?? none;
}
