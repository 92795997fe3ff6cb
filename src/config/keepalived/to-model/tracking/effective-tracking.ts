// The trackers of an instance that take effect. The priority of an address owner never changes, members of a sync group must not differ in
// priority, and an instance always tracks its own interface (keepalived.conf(5), "track_script", "sync_group_tracking_weight").
import type { SyncGroup, VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { Tracked, TrackedSet } from '../../../../model/keepalived/trackers.js';
import type { Severity } from '../../diagnostics/row.js';
import type { DetailsOf, DiagnosticCode } from '../../diagnostics/table.js';

/** The weights in the trackers' own blocks, by kind and name. */
export interface DefinedWeights {
  readonly scripts: ReadonlyMap<string, number>;
  readonly files: ReadonlyMap<string, number>;
  readonly processes: ReadonlyMap<string, number>;
  readonly bfds: ReadonlyMap<string, number>;
}

type Kind = keyof DefinedWeights;

/** Why weights have no effect, in keepalived's words. */
type Reason = 'address_owner' | 'SYNC group';

/** Reports at the place of the instance. */
export type ReportTracking = <C extends DiagnosticCode>(code: C, details: DetailsOf<C>, severity?: Severity) => void;

/** keepalived logs that it drops trackers of three kinds; it drops the fourth, processes, silently. */
function reportDropped(kind: Kind, who: string, tracked: { name: string; weight: number }, reason: Reason, report: ReportTracking): void {
  const { name, weight } = tracked;
  const isOwner = reason === 'address_owner';
  if (kind === 'scripts') {
    report(isOwner ? 'tracked-script-of-owner' : 'tracked-script-in-group', { who, name, reason });
    return;
  }
  const noun = { files: 'file', processes: 'process', bfds: 'bfd' }[kind];
  const details = { who, name, noun, weight, reason };
  report(isOwner ? 'tracked-of-owner' : 'tracked-in-group', details, kind === 'processes' ? 'notice' : 'error');
}

/** Interfaces with a weight: an address owner drops them, a member of a group keeps them without the weight. */
function effectiveInterfaces(instance: VrrpInstance, reason: Reason | undefined, report: ReportTracking): readonly Tracked[] {
  return instance.track.interfaces.flatMap((tracked) => {
    if (tracked.name === instance.interface) {
      report('track-interface-own', { who: instance.name, name: tracked.name });
      return [];
    }
    if (reason === undefined || (tracked.weight ?? 0) === 0) return [tracked];
    if (reason === 'address_owner') report('track-interface-of-owner', { who: instance.name, name: tracked.name });
    else report('track-interface-weight-in-group', { who: instance.name, name: tracked.name });
    return reason === 'address_owner' ? [] : [{ name: tracked.name }];
  });
}

/** Reports interfaces that the sync group tracks, too; the group's entry counts. */
function reportShared(instance: VrrpInstance, group: SyncGroup, report: ReportTracking): void {
  for (const { name } of instance.track.interfaces) {
    if (!group.track.interfaces.some((other) => other.name === name)) continue;
    report('track-interface-of-instance-and-group', { who: instance.name, name });
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

/** The instance with the trackers that take effect. */
export function effectiveTracking(
  instance: VrrpInstance,
  group: SyncGroup | undefined,
  own: DefinedWeights,
  report: ReportTracking,
): VrrpInstance {
  const inGroup = group !== undefined && !group.trackingWeight;
  const reason: Reason | undefined = instance.priority === 255 ? 'address_owner' : inGroup ? 'SYNC group' : undefined;
  const settle = (kind: Kind): readonly Tracked[] =>
    instance.track[kind].flatMap((tracked) => {
      const weight = tracked.weight ?? own[kind].get(tracked.name) ?? 0;
      if (reason === undefined || weight === 0) return [tracked];
      const shared = reason === 'SYNC group' && group?.track[kind].some(({ name }) => name === tracked.name) === true;
      if (shared && kind === 'files') {
        report('tracked-weight-in-group', { who: instance.name, name: tracked.name });
        return [{ name: tracked.name, weight: 0 }];
      }
      reportDropped(kind, instance.name, { name: tracked.name, weight }, reason, report);
      return [];
    });
  if (kindsOf(instance.track).every((list) => list.length === 0)) return instance;
  if (group !== undefined) reportShared(instance, group, report);
  const track: TrackedSet = {
    interfaces: effectiveInterfaces(instance, reason, report),
    scripts: settle('scripts'),
    files: settle('files'),
    processes: settle('processes'),
    bfds: settle('bfds'),
  };
  return same(track, instance.track) ? instance : { ...instance, track };
}
