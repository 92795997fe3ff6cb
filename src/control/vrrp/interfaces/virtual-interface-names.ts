// The names of a configuration's virtual interfaces (macvlans, ipvlans): as configured, else made of prefix and VRID, each name once.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { HostAddress, VirtualInterface } from '../../../model/keepalived/network.js';

/** A virtual interface of an instance: its own, or that of addresses with `use_vmac` on another interface. */
export interface NamedInterface {
  readonly base: string;
  readonly settings: VirtualInterface & { readonly name: string };
}

export interface VirtualInterfaceNames {
  readonly own: NamedInterface | undefined;
  /** By base interface. */
  readonly ofAddresses: ReadonlyMap<string, NamedInterface>;
}

const none: VirtualInterfaceNames = { own: undefined, ofAddresses: new Map() };
/** A configuration does not change, so its names are computed once. */
const known = new WeakMap<KeepalivedConfiguration, ReadonlyMap<string, VirtualInterfaceNames>>();

/** The names of the virtual interfaces, by instance name. */
export function virtualInterfaceNames(configuration: KeepalivedConfiguration): ReadonlyMap<string, VirtualInterfaceNames> {
  const before = known.get(configuration);
  if (before !== undefined) return before;
  const names = computeNames(configuration);
  known.set(configuration, names);
  return names;
}

export function virtualInterfaceNamesOf(configuration: KeepalivedConfiguration | undefined, instance: VrrpInstance): VirtualInterfaceNames {
  return configuration === undefined ? none : (virtualInterfaceNames(configuration).get(instance.name) ?? none);
}

/** All virtual interfaces of an instance. */
export function virtualInterfacesOf(configuration: KeepalivedConfiguration | undefined, config: VrrpInstance): readonly NamedInterface[] {
  const { own, ofAddresses } = virtualInterfaceNamesOf(configuration, config);
  return [...(own === undefined ? [] : [own]), ...ofAddresses.values()];
}

function computeNames(configuration: KeepalivedConfiguration): ReadonlyMap<string, VirtualInterfaceNames> {
  const { vmacPrefix, vmacAddressPrefix } = configuration.global;
  const taken = new Set(configuration.instances.flatMap(({ virtualInterface }) => virtualInterface?.name ?? []));
  const name = (settings: VirtualInterface, prefix: string, instance: VrrpInstance): NamedInterface['settings'] => {
    if (settings.name !== undefined) return { ...settings, name: settings.name };
    const six = instance.family === 'inet6' ? [`${prefix}6.${instance.vrid}`] : [];
    const more = Array.from({ length: taken.size + 1 }, (_, index) => `${prefix}.${instance.vrid}.${index + 1}`);
    const free = [`${prefix}.${instance.vrid}`, ...six, ...more].find((one) => !taken.has(one)) ?? prefix;
    taken.add(free);
    return { ...settings, name: free };
  };
  const owns = configuration.instances.map((instance): NamedInterface | undefined => {
    const { virtualInterface, interface: base = '' } = instance;
    return virtualInterface === undefined ? undefined : { base, settings: name(virtualInterface, vmacPrefix, instance) };
  });
  return new Map(
    configuration.instances.map((instance, index) => {
      const ofAddresses = new Map<string, NamedInterface>();
      for (const [base, settings] of addressInterfacesOf(instance))
        ofAddresses.set(base, { base, settings: name(settings, vmacAddressPrefix, instance) });
      return [instance.name, { own: owns[index], ofAddresses }];
    }),
  );
}

/** The macvlans that addresses ask for, one per interface. On the instance's own interface its own macvlan is used. */
function addressInterfacesOf(instance: VrrpInstance): ReadonlyMap<string, VirtualInterface> {
  const found = new Map<string, VirtualInterface>();
  const hosts: readonly HostAddress[] = [...instance.addresses, ...instance.excludedAddresses];
  for (const { virtualInterface, dev } of hosts) {
    const base = dev ?? instance.interface ?? '';
    if (virtualInterface === undefined || (base === instance.interface && instance.virtualInterface !== undefined)) continue;
    if (!found.has(base)) found.set(base, virtualInterface);
  }
  return found;
}
