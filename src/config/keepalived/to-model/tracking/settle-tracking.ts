// What becomes of an instance's trackers for what it is: an address owner's priority never changes, members of a sync group must not
// differ in priority, an instance watches its own interface anyway (keepalived.conf(5), "track_script", "sync_group_tracking_weight").
import type { SyncGroup, VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { Tracked, TrackedSet } from '../../../../model/keepalived/trackers.js';

/** The weight of each tracker's own, by kind and name. */
export interface OwnWeights {
  readonly scripts: ReadonlyMap<string, number>;
  readonly files: ReadonlyMap<string, number>;
  readonly processes: ReadonlyMap<string, number>;
  readonly bfds: ReadonlyMap<string, number>;
}

type Kind = keyof OwnWeights;

/** Why weights cannot count, in keepalived's words. */
type Reason = 'address_owner' | 'SYNC group';

/** The original tells of three kinds and drops the fourth, processes, without a word. */
function textOf(kind: Kind, name: string, weight: number, reason: Reason): string {
  if (kind === 'scripts') return `ignoring tracked script ${name} with weights due to ${reason}`;
  const noun = { files: 'file', processes: 'process', bfds: 'bfd' }[kind];
  return `ignoring tracked ${noun} ${name} with weight ${weight} due to ${reason}`;
}

/** Told where the instance stands. `notice`: keepalived says nothing there. */
export type TellTracking = (text: string, notice?: boolean) => void;

/** Interfaces with a weight: an owner drops them, a member of a group keeps them without. */
function settleInterfaces(instance: VrrpInstance, reason: Reason | undefined, tell: TellTracking): readonly Tracked[] {
  return instance.track.interfaces.flatMap((tracked) => {
    if (tracked.name === instance.interface) {
      tell(`(${instance.name}) Ignoring track_interface ${tracked.name} since own interface`);
      return [];
    }
    if (reason === undefined || (tracked.weight ?? 0) === 0) return [tracked];
    if (reason === 'address_owner') tell(`(${instance.name}) ignoring ${tracked.name} tracked interface due to address owner`);
    else tell(`(${instance.name}) ignoring ${tracked.name} tracked interface weight due to SYNC group`);
    return reason === 'address_owner' ? [] : [{ name: tracked.name }];
  });
}

/** Trackers that the group has as well: once is enough, and the group's counts. */
function tellShared(instance: VrrpInstance, group: SyncGroup, tell: TellTracking): void {
  for (const { name } of instance.track.interfaces) {
    if (!group.track.interfaces.some((other) => other.name === name)) continue;
    tell(
      `(${instance.name}) track_interface ${name} is configured on VRRP instance and sync group. Remove vrrp instance or sync group config`,
    );
  }
}

const kindsOf = (track: TrackedSet): readonly (readonly Tracked[])[] => [
  track.interfaces,
  track.scripts,
  track.files,
  track.processes,
  track.bfds,
];

const same = (a: TrackedSet, b: TrackedSet): boolean => {
  const other = kindsOf(b).flat();
  const list = kindsOf(a).flat();
  return list.length === other.length && list.every((tracked, index) => tracked === other[index]);
};

/** The instance with the trackers that can count. */
export function settleTracking(instance: VrrpInstance, group: SyncGroup | undefined, own: OwnWeights, tell: TellTracking): VrrpInstance {
  const inGroup = group !== undefined && !group.trackingWeight;
  const reason: Reason | undefined = instance.priority === 255 ? 'address_owner' : inGroup ? 'SYNC group' : undefined;
  const settle = (kind: Kind): readonly Tracked[] =>
    instance.track[kind].flatMap((tracked) => {
      const weight = tracked.weight ?? own[kind].get(tracked.name) ?? 0;
      if (reason === undefined || weight === 0) return [tracked];
      const shared = reason === 'SYNC group' && group?.track[kind].some(({ name }) => name === tracked.name) === true;
      if (shared && kind === 'files') {
        tell(`(${instance.name}) ignoring weight from tracked file ${tracked.name} due to SYNC group. specify weight 0`);
        return [{ name: tracked.name, weight: 0 }];
      }
      tell(`(${instance.name}) ${textOf(kind, tracked.name, weight, reason)}`, kind === 'processes');
      return [];
    });
  if (kindsOf(instance.track).every((list) => list.length === 0)) return instance;
  if (group !== undefined) tellShared(instance, group, tell);
  const track: TrackedSet = {
    interfaces: settleInterfaces(instance, reason, tell),
    scripts: settle('scripts'),
    files: settle('files'),
    processes: settle('processes'),
    bfds: settle('bfds'),
  };
  return same(track, instance.track) ? instance : { ...instance, track };
}
