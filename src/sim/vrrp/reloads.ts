// Configurations for a reload of a node: the same one, or one with something removed, added or changed.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../model/keepalived/instance.js';
import type { Random } from '../random.js';
import { hostAddress, inet, linkLocal } from './configuration.js';

export interface OtherConfiguration {
  readonly configuration: KeepalivedConfiguration;
  readonly what: string;
  /** Whether the nodes are still one virtual router, so that the change need not be reverted. */
  readonly mayStay: boolean;
}

type Change = (random: Random, instance: VrrpInstance) => VrrpInstance | undefined;

const oneVipMore: Change = (random, instance) => {
  const vip = instance.family === 'inet' ? inet(10, 97, 0, random.between(1, 9)) : linkLocal(7, random.between(1, 9));
  return { ...instance, addresses: [...instance.addresses, hostAddress(vip)] };
};

const oneVipFewer: Change = (_random, instance) =>
  instance.addresses.length > 1 ? { ...instance, addresses: instance.addresses.slice(1) } : undefined;

/** Changes of one instance that are compatible with the other nodes. */
const harmless: Readonly<Record<string, Change>> = {
  nothing: (_random, instance) => instance,
  'one VIP more': oneVipMore,
  'one VIP fewer': oneVipFewer,
  'another excluded VIP': (random, instance) => ({ ...instance, excludedAddresses: [hostAddress(inet(10, 96, 0, random.between(1, 9)))] }),
  'another priority': (random, instance) => (instance.priority === 255 ? undefined : { ...instance, priority: random.between(1, 254) }),
  'accept or not': (_random, instance) => ({ ...instance, accept: !instance.accept }),
  'no routes': (_random, instance) => ({ ...instance, routes: [] }),
  'another advert_int': (random, instance) =>
    instance.version === 2 || instance.fast !== undefined ? undefined : { ...instance, advertUs: 10_000 * random.pick([20, 40, 100]) },
  'more gratuitous ARP': (_random, instance) => ({
    ...instance,
    garp: { ...instance.garp, masterRefreshUs: 2_000_000, masterDelayUs: 2_000_000 },
  }),
};

/** Changes that make it another virtual router. */
const incompatible: Readonly<Record<string, Change>> = {
  'another VRID': (_random, instance) => ({ ...instance, vrid: instance.vrid + 100 }),
  'another interface': (_random, instance) => ({
    ...instance,
    interface: instance.interface === 'eth0' ? 'eth1' : 'eth0',
    routes: [],
  }),
  'another password': (_random, instance) =>
    instance.authentication.kind === 'pass' || instance.authentication.kind === 'ah'
      ? { ...instance, authentication: { ...instance.authentication, password: 'other' } }
      : undefined,
};

/** One VIP moves from an instance to another. */
function movedVip({ instances }: KeepalivedConfiguration): readonly VrrpInstance[] | undefined {
  const [from, to] = instances;
  const [vip] = from?.addresses ?? [];
  if (from === undefined || to === undefined || vip === undefined || from.addresses.length < 2 || from.family !== to.family)
    return undefined;
  return [{ ...from, addresses: from.addresses.slice(1) }, { ...to, addresses: [...to.addresses, vip] }, ...instances.slice(2)];
}

/** Two instances exchange their names, or one gets a new name; nothing else changes. */
function renamed(random: Random, { instances, syncGroups, root, ...rest }: KeepalivedConfiguration): KeepalivedConfiguration {
  const names = instances.map(({ name }) => name);
  const one = random.pick(names);
  const other = random.chance(0.5) ? random.pick(names) : `${one}_new`;
  const nameOf = (name: string): string => (name === one ? other : name === other ? one : name);
  return {
    ...rest,
    instances: instances.map((instance) => ({ ...instance, name: nameOf(instance.name) })),
    syncGroups: syncGroups.map((group) => ({ ...group, members: group.members.map(nameOf) })),
    root: { ...root, trackGroups: root.trackGroups.map((group) => ({ ...group, instances: group.instances.map(nameOf) })) },
  };
}

export function otherConfiguration(random: Random, configuration: KeepalivedConfiguration): OtherConfiguration {
  const { instances, syncGroups } = configuration;
  const grouped = syncGroups.length > 0;
  const at = random.below(instances.length);
  const unchanged = { configuration, what: 'nothing new', mayStay: true };
  /** Nodes that drop adverts with other addresses must get the same addresses again. */
  const sameLists = instances.some(({ addressMismatch }) => addressMismatch === 'drop');
  const turn = random.below(11);
  if (turn === 10) return { configuration: renamed(random, configuration), what: 'other names', mayStay: false };
  if (turn === 0 && !grouped && instances.length > 1)
    return {
      configuration: { ...configuration, instances: instances.toSpliced(at, 1) },
      what: `without ${instances[at]?.name}`,
      mayStay: true,
    };
  if (turn === 1) {
    const moved = movedVip(configuration);
    return moved === undefined
      ? unchanged
      : { configuration: { ...configuration, instances: moved }, what: 'a VIP moves', mayStay: !sameLists };
  }
  if (turn === 2 && grouped) {
    const fewer = random.chance(0.5) ? [] : syncGroups.map((group) => ({ ...group, members: group.members.slice(1) }));
    return {
      configuration: { ...configuration, syncGroups: fewer },
      what: fewer.length === 0 ? 'no group' : 'a smaller group',
      mayStay: false,
    };
  }
  const changes = turn === 3 ? incompatible : harmless;
  const what = random.pick(Object.keys(changes));
  // All members of a group need the same order of the nodes, so their priorities stay.
  const next = grouped && what === 'another priority' ? undefined : changes[what]?.(random, instances[at]!);
  if (next === undefined) return unchanged;
  return {
    configuration: { ...configuration, instances: instances.with(at, next) },
    what: `${what} for ${next.name}`,
    mayStay: turn !== 3 && !sameLists,
  };
}
