// An instance's effective priority, or FAULT, by the manual. It is computed from the world, not from the machine.
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { Tracked, TrackedSet } from '../../../model/keepalived/trackers.js';
import type { WorldNode } from '../world.js';

/** What one tracker contributes, or 'fault'. */
type Share = number | 'fault';

const named = <T extends { readonly name: string }>(list: readonly T[], { name }: Tracked): T | undefined =>
  list.find((each) => each.name === name);

/** A positive weight counts while it is good, a negative one while it is not; without a weight, not good means FAULT. */
function shareOf(good: boolean, weight: number, reverse: boolean): Share {
  if (weight === 0) return good === reverse ? 'fault' : 0;
  return (reverse ? -1 : 1) * (good ? Math.max(0, weight) : Math.min(0, weight));
}

function fileShare(node: WorldNode, tracked: Tracked): Share {
  const file = named(node.configuration.files, tracked);
  const value = node.files.get(tracked.name) ?? 0;
  const weight = (tracked.weight ?? file?.weight ?? 1) * ((tracked.reverse ?? file?.reverse ?? false) ? -1 : 1);
  if (weight === 0) return value === 0 ? 0 : 'fault';
  return value * weight <= -254 ? 'fault' : Math.min(253, value * weight);
}

function sharesOf(node: WorldNode, set: TrackedSet): readonly Share[] {
  const { scripts, processes, bfds } = node.configuration;
  return [
    ...set.scripts.map((tracked) => {
      const script = named(scripts, tracked);
      const good = (node.scripts.get(tracked.name) ?? 0) === 0;
      return shareOf(good, tracked.weight ?? script?.weight ?? 0, tracked.reverse ?? script?.reverse ?? false);
    }),
    ...set.processes.map((tracked) => {
      const process = named(processes, tracked);
      const running = node.processes.get(tracked.name) ?? 1;
      const good = running >= (process?.quorum ?? 1) && running <= (process?.quorumMax ?? Number.POSITIVE_INFINITY);
      return shareOf(good, tracked.weight ?? process?.weight ?? 0, tracked.reverse ?? process?.reverse ?? false);
    }),
    ...set.bfds.map((tracked) => {
      const session = named(bfds, tracked);
      const up = !node.bfdsDown.has(tracked.name);
      return shareOf(up, tracked.weight ?? session?.weight ?? 0, tracked.reverse ?? session?.reverse ?? false);
    }),
    ...set.files.map((tracked) => fileShare(node, tracked)),
    ...set.interfaces.map((tracked) =>
      shareOf(node.interfaces.get(tracked.name)?.up === true, tracked.weight ?? 0, tracked.reverse ?? false),
    ),
  ];
}

const ignored = (shares: readonly Share[]): readonly Share[] => shares.map((share) => (share === 'fault' ? share : 0));

export function wantedPriority(node: WorldNode, instance: VrrpInstance): number | 'fault' {
  const group = node.configuration.syncGroups.find(({ members }) => members.includes(instance.name));
  const owner = instance.priority === 255;
  const own = sharesOf(node, instance.track);
  const facts = node.interfaces.get(instance.interface ?? '');
  const silent = facts?.addresses.every(({ family }) => family !== instance.family) !== false;
  const shares: readonly Share[] = [
    ...(owner || group?.trackingWeight === false ? ignored(own) : own),
    ...(group === undefined ? [] : owner ? ignored(sharesOf(node, group.track)) : sharesOf(node, group.track)),
    facts?.up !== true && !instance.dontTrackPrimary ? 'fault' : 0,
    silent ? 'fault' : 0,
    ...node.configuration.root.trackGroups.map(
      ({ name, instances }): Share => (instances.includes(instance.name) && node.staticsMissing.has(name) ? 'fault' : 0),
    ),
  ];
  if (shares.includes('fault')) return 'fault';
  const sum = shares.reduce<number>((total, share) => total + Number(share), instance.priority);
  return owner ? instance.priority : Math.min(254, Math.max(1, sum));
}
