// The effect of an instance's trackers on its priority.
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import type { Tracked } from '../../../../model/keepalived/trackers.js';
import type { LintNode } from '../rule.js';

/** A tracker that changes the priority. Trackers with weight 0 cause FAULT and are not included. */
export interface WeightedTracker {
  readonly name: string;
  readonly weight: number;
  readonly reverse: boolean;
}

interface Watched {
  readonly name: string;
  readonly weight: number;
  readonly reverse?: boolean;
}

function withWeights(tracked: readonly Tracked[], objects: readonly Watched[]): readonly WeightedTracker[] {
  return tracked.flatMap(({ name, weight, reverse }) => {
    const object = objects.find((one) => one.name === name);
    const counts = weight ?? object?.weight ?? 0;
    return counts === 0 ? [] : [{ name, weight: counts, reverse: reverse ?? object?.reverse ?? false }];
  });
}

/** Members of a sync group have a constant priority, unless `sync_group_tracking_weight` is set. */
const counting = ({ name }: VrrpInstance, { configuration }: LintNode): boolean =>
  configuration.syncGroups.every(({ members, trackingWeight }) => trackingWeight || !members.includes(name));

/** Scripts with a weight. The priority of an address owner (255) never changes. */
export function scriptWeights(instance: VrrpInstance, node: LintNode): readonly WeightedTracker[] {
  if (instance.priority === 255 || !counting(instance, node)) return [];
  return withWeights(instance.track.scripts, node.configuration.scripts);
}

/** All trackers with a weight. */
export function trackerWeights(instance: VrrpInstance, node: LintNode): readonly WeightedTracker[] {
  if (instance.priority === 255 || !counting(instance, node)) return [];
  const { interfaces, files, processes, bfds } = instance.track;
  const { configuration } = node;
  return [
    ...scriptWeights(instance, node),
    ...withWeights(interfaces, []),
    ...withWeights(files, configuration.files),
    ...withWeights(processes, configuration.processes),
    ...withWeights(bfds, configuration.bfds),
  ];
}

const clamped = (priority: number): number => Math.max(1, Math.min(254, priority));

/** The priority while the scripts in `failed` fail and all others succeed: 1 to 254. */
export const priorityWith = (base: number, scripts: readonly WeightedTracker[], failed: readonly string[] = []): number =>
  clamped(scripts.reduce((sum, { name, weight }) => sum + (failed.includes(name) ? Math.min(weight, 0) : Math.max(weight, 0)), base));
