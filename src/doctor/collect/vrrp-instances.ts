// The instances of VRRP that the configurations of this host's daemons have, as facts.
import { virtualInterfaceNamesOf } from '../../control/vrrp/interfaces/virtual-interface-names.js';
import { keepalivedConfiguration } from '../../host/keepalived-configuration.js';
import { type PublishedVrrp, publishedVrrp } from '../../host/published-vrrp.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import { native } from '../../sys/addon.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import type { Link } from '../../wire/rtnetlink-link.js';
import type { HostFacts } from '../facts.js';
import type { BrokenFile, HomelessInstance, ManagedAddress, VrrpInstanceFact } from '../vrrp-facts.js';
import { collectPath } from './host.js';

const AUTH_TYPES = { none: 0, pass: 1, ah: 2, hmac: 0 } as const;

interface Source {
  readonly netlink: Netlink;
  readonly host: HostFacts;
  readonly configuration: KeepalivedConfiguration;
  readonly file: string;
  readonly running: boolean | undefined;
  readonly published: readonly PublishedVrrp[];
}

/** Its interface; for unicast without one, that of the route to its first peer. */
function interfaceOf({ interface: name, unicast }: VrrpInstance, { netlink, host }: Source): Link | undefined {
  const [peer] = unicast?.peers ?? [];
  const ifindex = name === undefined && peer !== undefined ? collectPath(netlink, peer.address).ifindex : undefined;
  return host.interfaces.find((one) => (name === undefined ? one.ifindex === ifindex : one.name === name));
}

/** The interfaces whose failure is the instance's FAULT: its own, tracked ones without a weight, and those of its sync group. */
function needsOf(instance: VrrpInstance, { configuration }: Source): readonly string[] {
  const group = configuration.syncGroups.find(({ members }) => members.includes(instance.name));
  const peers = configuration.instances.filter(({ name }) => group?.members.includes(name));
  const own = [instance, ...peers].flatMap((one) => (one.interface === undefined || one.dontTrackPrimary ? [] : [one.interface]));
  const tracked = [instance, ...peers, ...(group === undefined ? [] : [group])].flatMap(({ track }) => track.interfaces);
  return [...new Set([...own, ...tracked.filter(({ weight = 0 }) => weight === 0).map(({ name }) => name)])];
}

function managedOf(instance: VrrpInstance, source: Source, base: string, vmac: string | undefined): readonly ManagedAddress[] {
  if (instance.noVirtualAddress) return [];
  const { ofAddresses } = virtualInterfaceNamesOf(source.configuration, instance);
  return [...instance.addresses, ...instance.excludedAddresses].map(({ address, prefixLength, dev, virtualInterface }) => ({
    address,
    prefixLength,
    interfaceName: virtualInterface === undefined ? (dev ?? vmac ?? base) : (ofAddresses.get(dev ?? base)?.settings.name ?? dev ?? base),
  }));
}

/** The state of an instance as weir's daemon publishes it; another keepalived publishes nothing. */
function publishedOf({ published }: Source, { name }: VrrpInstance): Pick<VrrpInstanceFact, 'published'> {
  const found = published.flatMap(({ instances }) => instances).find((one) => one.name === name);
  return found === undefined ? {} : { published: { state: found.state, faults: found.faults } };
}

function factOf(instance: VrrpInstance, iface: Link, source: Source): VrrpInstanceFact {
  const { host, configuration, file, running } = source;
  const { name, family, version, vrid, priority, advertUs, addresses, authentication, unicast, multicastGroup, virtualInterface } =
    instance;
  const vmac = virtualInterfaceNamesOf(configuration, instance).own?.settings.name;
  const made = vmac !== undefined && host.interfaces.some((one) => one.name === vmac);
  return {
    name,
    file,
    family,
    interfaceName: iface.name,
    ifindex: iface.ifindex,
    version,
    vrid,
    priority,
    authType: AUTH_TYPES[authentication.kind],
    ...(authentication.kind === 'pass' ? { password: authentication.password.slice(0, 8) } : {}),
    interval: advertUs / 1_000_000,
    vips: addresses.map(({ address }) => address).filter((address) => address.family === family),
    destinations: unicast === undefined ? [multicastGroup] : unicast.peers.map(({ address }) => address),
    unicast: unicast !== undefined,
    ...(made && virtualInterface?.kind === 'vmac' ? { vmac } : {}),
    managed: managedOf(instance, source, iface.name, made ? vmac : undefined),
    needs: needsOf(instance, source),
    ...(instance.sourceAddress === undefined ? {} : { sourceAddress: instance.sourceAddress }),
    ...(running === undefined ? {} : { running }),
    ...publishedOf(source, instance),
  };
}

export interface ReadInstances {
  readonly instances: readonly VrrpInstanceFact[];
  readonly homeless: readonly HomelessInstance[];
  /** Files of which keepalived would not use all. */
  readonly broken: readonly BrokenFile[];
}

/** `isRunning`: whether a daemon with this file runs here; undefined: not known. */
export function readInstances(
  netlink: Netlink,
  host: HostFacts,
  files: readonly string[],
  isRunning: (file: string) => boolean | undefined,
): ReadInstances {
  const instances: VrrpInstanceFact[] = [];
  const homeless: HomelessInstance[] = [];
  const broken: BrokenFile[] = [];
  const published = publishedVrrp.living(String(native().netnsCookie()));
  for (const file of files) {
    const { configuration, faults, ofDaemon } = keepalivedConfiguration(file);
    const running = isRunning(file);
    if (faults.length > 0) broken.push({ file, faults, unread: configuration === undefined, running: running === true, ofDaemon });
    const source = configuration && { netlink, host, configuration, file, running, published };
    for (const instance of source?.configuration.instances ?? []) {
      if (source === undefined) continue;
      const iface = interfaceOf(instance, source);
      if (iface === undefined) homeless.push({ name: instance.name, file, interfaceName: instance.interface ?? 'no interface' });
      else instances.push(factOf(instance, iface, source));
    }
  }
  return { instances, homeless, broken };
}
